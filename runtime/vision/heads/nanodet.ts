// NanoDet-m: per stride f32[1,cells,classes] of sigmoid scores and f32[1,cells,4*bins] of logits. The distance from the cell's centre
// to each side is the mean of a distribution over whole strides 0..bins-1 (Generalized Focal Loss, arXiv 2006.04388).

import { type Level, levelsOf } from './grid.js';
import {
  type Candidate,
  type DetectHead,
  floats,
  type InputSize,
  type ModelFacts,
  numberOf,
  numbersOf,
  textsOf,
} from './head.js';
import { cocoLabels } from './yolo.js';

const strides = [8, 16, 32];
/** The regression maximum of NanoDet-m is 7: bins 0..7. */
const bins = 8;

export const nanodet: DetectHead = {
  kind: 'nanodet',
  task: 'detect',
  /** config/nanodet-m.yml, img_norm_cfg; its keep_ratio warp leaves the border black. */
  convention: () => ({
    colors: 'bgr',
    mean: [103.53, 116.28, 123.675],
    std: [57.375, 57.12, 58.395],
    fit: 'letterbox',
    anchor: 'top-left',
    fill: 0,
    cropShare: 1,
  }),
  defaultLabels: cocoLabels,
  classCount: (parameters) => numberOf(parameters, 'classes'),

  recognise(facts, size) {
    if (facts.outputs.length !== 2 * strides.length) return undefined;
    const pairs = levelsOf(size, strides).map((level) => findPair(facts, level));
    const first = pairs[0];
    if (first === undefined || !pairs.every((pair) => pair?.classes === first.classes)) return undefined;
    return {
      scores: pairs.map((pair) => pair?.scores ?? ''),
      distances: pairs.map((pair) => pair?.distances ?? ''),
      classes: first.classes,
      width: size.width,
      height: size.height,
      strides,
    };
  },

  decode(outputs, parameters, { minConfidence }) {
    const classes = numberOf(parameters, 'classes');
    const size: InputSize = { width: numberOf(parameters, 'width'), height: numberOf(parameters, 'height') };
    const scoreNames = textsOf(parameters, 'scores');
    const distanceNames = textsOf(parameters, 'distances');
    const candidates: Candidate[] = [];
    for (const [index, level] of levelsOf(size, numbersOf(parameters, 'strides')).entries()) {
      const cells = level.columns * level.rows;
      const scores = floats(outputs, scoreNames[index] ?? '', [1, cells, classes]);
      const distances = floats(outputs, distanceNames[index] ?? '', [1, cells, 4 * bins]);
      decodeLevel(level, scores, distances, classes, minConfidence, candidates);
    }
    return candidates;
  },
};

function decodeLevel(
  { stride, columns, rows }: Level,
  scores: Float32Array,
  distances: Float32Array,
  classes: number,
  minConfidence: number,
  candidates: Candidate[],
): void {
  for (let cell = 0; cell < columns * rows; cell++) {
    const start = cell * classes;
    let best = 0;
    for (let c = 1; c < classes; c++) if ((scores[start + c] as number) > (scores[start + best] as number)) best = c;
    const score = scores[start + best] as number;
    if (!(score >= minConfidence)) continue;
    const x = ((cell % columns) + 0.5) * stride;
    const y = (Math.floor(cell / columns) + 0.5) * stride;
    const side = cell * 4 * bins;
    candidates.push({
      score,
      class: best,
      x1: x - meanBin(distances, side) * stride,
      y1: y - meanBin(distances, side + bins) * stride,
      x2: x + meanBin(distances, side + 2 * bins) * stride,
      y2: y + meanBin(distances, side + 3 * bins) * stride,
    });
  }
}

/** The mean of the softmax distribution over `bins` logits. */
function meanBin(logits: Float32Array, start: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < bins; i++) max = Math.max(max, logits[start + i] as number);
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < bins; i++) {
    const weight = Math.exp((logits[start + i] as number) - max);
    sum += weight;
    weighted += weight * i;
  }
  return weighted / sum;
}

/** The score and distance outputs of a level, by shape; with 32 classes, where both have 32 columns, the scores come first. */
function findPair(facts: ModelFacts, level: Level): { scores: string; distances: string; classes: number } | undefined {
  const cells = level.columns * level.rows;
  const [one, two, ...more] = facts.outputs.filter(({ shape }) => shape.length === 3 && shape[0] === 1 && shape[1] === cells);
  if (one === undefined || two === undefined || more.length > 0) return undefined;
  const [scores, distances] = two.shape[2] === 4 * bins ? [one, two] : [two, one];
  const classes = scores.shape[2] ?? 0;
  return distances.shape[2] === 4 * bins && classes >= 1
    ? { scores: scores.name, distances: distances.name, classes }
    : undefined;
}
