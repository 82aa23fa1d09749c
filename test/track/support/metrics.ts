// HOTA (Luiten and others 2020), CLEAR MOT (Bernardin and Stiefelhagen 2008) and IDF1 (Ristani and others 2016), with the rules of
// ties and thresholds that TrackEval has. All scores in percent.

import { type Comparison, type FramePair, matchBest } from './mot.js';

export interface Scores {
  readonly hota: number;
  readonly detA: number;
  readonly assA: number;
  readonly mota: number;
  readonly idf1: number;
  readonly switches: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** Overlap from which CLEAR MOT and IDF1 call a box found. */
const overlapMin = 0.5;

/** Overlaps at which HOTA is taken; it is the mean. */
const alphas: readonly number[] = Array.from({ length: 19 }, (_, index) => (index + 1) * 0.05);

export function measure(comparison: Comparison): Scores {
  return { ...hotaOf(comparison), ...clearOf(comparison), idf1: idf1Of(comparison) };
}

/** Counts over pairs of identities, row-major: true ids by found ids. */
function pairCounts({ truthIds, foundIds }: Comparison): Float64Array {
  return new Float64Array(truthIds * foundIds);
}

/** In how many frames each identity is seen. */
function framesOfIds({ frames, truthIds, foundIds }: Comparison): { truth: Float64Array; found: Float64Array } {
  const counts = { truth: new Float64Array(truthIds), found: new Float64Array(foundIds) };
  for (const frame of frames) {
    for (const { id } of frame.truth) counts.truth[id] = (counts.truth[id] as number) + 1;
    for (const { id } of frame.found) counts.found[id] = (counts.found[id] as number) + 1;
  }
  return counts;
}

/** Calls `visit` with every pair of boxes in a frame: indices of rows and columns, ids as an index of `pairCounts`, the overlap. */
function eachPair(
  { truth, found, overlaps }: FramePair,
  foundIds: number,
  visit: (row: number, column: number, ids: number, overlap: number) => void,
): void {
  truth.forEach((a, row) => {
    found.forEach((b, column) => {
      visit(row, column, a.id * foundIds + b.id, overlaps[row * found.length + column] as number);
    });
  });
}

function hotaOf(comparison: Comparison): Pick<Scores, 'hota' | 'detA' | 'assA'> {
  const lengths = framesOfIds(comparison);
  const alignment = alignmentOf(comparison, lengths);
  const boxes = lengths.truth.reduce((a, b) => a + b, 0) + lengths.found.reduce((a, b) => a + b, 0);
  const matched = comparison.frames.map((frame) => {
    const scores = new Float64Array(frame.overlaps.length);
    eachPair(frame, comparison.foundIds, (row, column, ids, overlap) => {
      scores[row * frame.found.length + column] = (alignment[ids] as number) * overlap;
    });
    return matchBest(scores, frame.truth.length, frame.found.length, 0);
  });
  const results = alphas.map((alpha) => {
    const together = pairCounts(comparison);
    let hits = 0;
    comparison.frames.forEach(({ truth, found, overlaps }, index) => {
      for (const [row, column] of matched[index] ?? []) {
        if ((overlaps[row * found.length + column] as number) < alpha - Number.EPSILON) continue;
        const ids = (truth[row]?.id as number) * comparison.foundIds + (found[column]?.id as number);
        together[ids] = (together[ids] as number) + 1;
        hits++;
      }
    });
    const detA = hits / Math.max(1, boxes - hits);
    const assA = associationOf(together, lengths, comparison.foundIds) / Math.max(1, hits);
    return { hota: Math.sqrt(detA * assA), detA, assA };
  });
  const mean = (name: 'hota' | 'detA' | 'assA') => (100 * results.reduce((sum, one) => sum + one[name], 0)) / alphas.length;
  return { hota: mean('hota'), detA: mean('detA'), assA: mean('assA') };
}

type Lengths = ReturnType<typeof framesOfIds>;

/** How well two identities fit over the whole sequence: HOTA's global alignment score, which ranks pairs in every frame. */
function alignmentOf(comparison: Comparison, lengths: Lengths): Float64Array {
  const { frames, foundIds } = comparison;
  const potential = pairCounts(comparison);
  for (const frame of frames) {
    const rowSums = new Float64Array(frame.truth.length);
    const columnSums = new Float64Array(frame.found.length);
    eachPair(frame, foundIds, (row, column, _, overlap) => {
      rowSums[row] = (rowSums[row] as number) + overlap;
      columnSums[column] = (columnSums[column] as number) + overlap;
    });
    eachPair(frame, foundIds, (row, column, ids, overlap) => {
      const all = (rowSums[row] as number) + (columnSums[column] as number) - overlap;
      if (all > Number.EPSILON) potential[ids] = (potential[ids] as number) + overlap / all;
    });
  }
  return potential.map((shared, ids) => shared / (lengthsOfPair(lengths, ids, foundIds) - shared));
}

/** Sum over all true positives of the Jaccard index of the identities they join. */
function associationOf(together: Float64Array, lengths: Lengths, foundIds: number): number {
  return together.reduce((sum, count, ids) => {
    return count === 0 ? sum : sum + (count * count) / (lengthsOfPair(lengths, ids, foundIds) - count);
  }, 0);
}

function lengthsOfPair({ truth, found }: Lengths, ids: number, foundIds: number): number {
  return (truth[Math.floor(ids / foundIds)] as number) + (found[ids % foundIds] as number);
}

type Clear = Pick<Scores, 'mota' | 'switches' | 'falsePositives' | 'falseNegatives'>;

/** A pair of the frame before is kept while it overlaps enough. A switch is another id than the last that the thing had. */
function clearOf({ frames, truthIds }: Comparison): Clear {
  const lastId = new Map<number, number>();
  let previous = new Map<number, number>();
  const counts = { hits: 0, switches: 0, falsePositives: 0, falseNegatives: 0 };
  for (const { truth, found, overlaps } of frames) {
    const scores = overlaps.map((overlap, index) => {
      if (overlap < overlapMin - Number.EPSILON) return 0;
      const [row, column] = [Math.floor(index / found.length), index % found.length];
      return overlap + (previous.get(truth[row]?.id as number) === found[column]?.id ? 1000 : 0);
    });
    const matches = matchBest(scores, truth.length, found.length, 0);
    counts.hits += matches.length;
    counts.falsePositives += found.length - matches.length;
    counts.falseNegatives += truth.length - matches.length;
    // Frames without truth or without boxes leave the memory as it is.
    if (truth.length === 0 || found.length === 0) continue;
    previous = new Map(matches.map(([row, column]) => [truth[row]?.id as number, found[column]?.id as number]));
    for (const [truthId, foundId] of previous) {
      if ((lastId.get(truthId) ?? foundId) !== foundId) counts.switches++;
      lastId.set(truthId, foundId);
    }
  }
  const { hits, ...others } = counts;
  const boxes = hits + counts.falseNegatives;
  const mota = truthIds === 0 ? 0 : (100 * (hits - counts.falsePositives - counts.switches)) / boxes;
  return { mota, ...others };
}

/** The share of boxes in the best one-to-one matching of identities over the whole sequence. */
function idf1Of(comparison: Comparison): number {
  const { frames, truthIds, foundIds } = comparison;
  const together = pairCounts(comparison);
  let boxes = 0;
  for (const frame of frames) {
    boxes += frame.truth.length + frame.found.length;
    eachPair(frame, foundIds, (_, __, ids, overlap) => {
      if (overlap >= overlapMin) together[ids] = (together[ids] as number) + 1;
    });
  }
  const matches = matchBest(together, truthIds, foundIds, 0);
  const hits = matches.reduce((sum, [row, column]) => sum + (together[row * foundIds + column] as number), 0);
  return (200 * hits) / Math.max(1, boxes);
}
