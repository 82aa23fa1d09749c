// Gradient-boosted trees over histograms: what is left of a measured time when the draft has said its part. A tree splits features at
// borders of their quantiles and answers the mean of what the trees before it left over; a few hundred samples make it useful.

/** Numbers that describe a sample; all samples of a model have as many. */
export type Features = readonly number[];

export interface ModelOptions {
  readonly trees: number;
  /** Splits from the root to a leaf. */
  readonly depth: number;
  /** The share of a tree's answer that is believed. */
  readonly rate: number;
  /** Samples that a leaf has at least. */
  readonly leafMin: number;
}

const defaults: ModelOptions = { trees: 100, depth: 5, rate: 0.1, leafMin: 3 };
/** Borders of a feature's histogram. */
const bordersMax = 31;
/** Added to the count of a leaf, so that few samples move it less. */
const shrinkage = 1;

type Tree =
  | { readonly kind: 'leaf'; readonly value: number }
  /** Features up to the border go left. */
  | { readonly kind: 'split'; readonly feature: number; readonly border: number; readonly left: Tree; readonly right: Tree };

/** Answers with the mean of what it learned from, and corrections to it. */
export class Model {
  private readonly mean: number;
  private readonly trees: readonly Tree[];
  private readonly rate: number;

  private constructor(mean: number, trees: readonly Tree[], rate: number) {
    this.mean = mean;
    this.trees = trees;
    this.rate = rate;
  }

  /** A model of the samples; without any, one that answers 0. The same samples make the same model. */
  static learn(samples: readonly Features[], targets: readonly number[], options: Partial<ModelOptions> = {}): Model {
    const chosen = { ...defaults, ...options };
    const mean = targets.reduce((sum, target) => sum + target, 0) / Math.max(1, targets.length);
    const table = new Table(samples);
    const rest = targets.map((target) => target - mean);
    const trees: Tree[] = [];
    for (let i = 0; i < chosen.trees && samples.length >= 2 * chosen.leafMin; i++) {
      const tree = grow(
        table,
        rest,
        samples.map((_, sample) => sample),
        chosen.depth,
        chosen.leafMin,
      );
      if (tree.kind === 'leaf') break;
      trees.push(tree);
      for (const [sample, features] of samples.entries())
        rest[sample] = (rest[sample] ?? 0) - chosen.rate * answer(tree, features);
    }
    return new Model(mean, trees, chosen.rate);
  }

  predict(features: Features): number {
    let sum = this.mean;
    for (const tree of this.trees) sum += this.rate * answer(tree, features);
    return sum;
  }
}

function answer(tree: Tree, features: Features): number {
  let node = tree;
  while (node.kind === 'split') node = (features[node.feature] ?? 0) <= node.border ? node.left : node.right;
  return node.value;
}

/** The samples by feature, as numbers of the histogram's bins. */
class Table {
  /** By feature, ascending. */
  readonly borders: readonly (readonly number[])[];
  /** By feature, then by sample. */
  readonly bins: readonly Uint8Array[];

  constructor(samples: readonly Features[]) {
    const count = samples[0]?.length ?? 0;
    const columns = Array.from({ length: count }, (_, feature) => samples.map((features) => features[feature] ?? 0));
    this.borders = columns.map(bordersOf);
    this.bins = columns.map((column, feature) => {
      const borders = this.borders[feature] ?? [];
      return Uint8Array.from(column, (value) => binOf(value, borders));
    });
  }
}

/** Values between which as many samples lie as between others. */
function bordersOf(column: readonly number[]): number[] {
  const values = [...new Set(column)].sort((a, b) => a - b);
  const between = values.slice(0, -1).map((value, i) => (value + (values[i + 1] ?? value)) / 2);
  if (between.length <= bordersMax) return between;
  const sorted = [...column].sort((a, b) => a - b);
  const quantiles = Array.from({ length: bordersMax }, (_, i) => {
    const value = sorted[Math.floor(((i + 1) * sorted.length) / (bordersMax + 1))] ?? 0;
    return between.find((border) => border > value) ?? value;
  });
  return [...new Set(quantiles)].sort((a, b) => a - b);
}

/** How many borders lie below a value. */
function binOf(value: number, borders: readonly number[]): number {
  let low = 0;
  let high = borders.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (borders[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function grow(table: Table, rest: readonly number[], samples: readonly number[], depth: number, leafMin: number): Tree {
  const sum = samples.reduce((total, sample) => total + (rest[sample] ?? 0), 0);
  const split = depth === 0 ? undefined : bestSplit(table, rest, samples, sum, leafMin);
  if (split === undefined) return { kind: 'leaf', value: sum / (samples.length + shrinkage) };
  const { feature, bin } = split;
  const column = table.bins[feature];
  const isLeft = (sample: number): boolean => (column?.[sample] ?? 0) <= bin;
  return {
    kind: 'split',
    feature,
    border: table.borders[feature]?.[bin] ?? 0,
    left: grow(table, rest, samples.filter(isLeft), depth - 1, leafMin),
    right: grow(
      table,
      rest,
      samples.filter((sample) => !isLeft(sample)),
      depth - 1,
      leafMin,
    ),
  };
}

/** The split that explains most of the squares of what is left. */
function bestSplit(
  table: Table,
  rest: readonly number[],
  samples: readonly number[],
  sum: number,
  leafMin: number,
): { readonly feature: number; readonly bin: number } | undefined {
  const whole = (sum * sum) / (samples.length + shrinkage);
  let best: { feature: number; bin: number } | undefined;
  let bestGain = 1e-9;
  const sums = new Float64Array(bordersMax + 1);
  const counts = new Uint32Array(bordersMax + 1);
  for (const [feature, column] of table.bins.entries()) {
    const borders = table.borders[feature]?.length ?? 0;
    if (borders === 0) continue;
    sums.fill(0);
    counts.fill(0);
    for (const sample of samples) {
      const bin = column[sample] ?? 0;
      sums[bin] = (sums[bin] ?? 0) + (rest[sample] ?? 0);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    let left = 0;
    let leftCount = 0;
    for (let bin = 0; bin < borders; bin++) {
      left += sums[bin] ?? 0;
      leftCount += counts[bin] ?? 0;
      const rightCount = samples.length - leftCount;
      if (leftCount < leafMin || rightCount < leafMin) continue;
      const right = sum - left;
      const gain = (left * left) / (leftCount + shrinkage) + (right * right) / (rightCount + shrinkage) - whole;
      if (gain <= bestGain) continue;
      bestGain = gain;
      best = { feature, bin };
    }
  }
  return best;
}
