// Which algorithm a convolution gets: what was measured decides, else a reckoning in cycles of one core, with products at the rate of
// the multiply-add units, transforms and filters at the rate of the caches.

import type { WinogradFacts } from '../graph/passes/winograd.js';
import type { WinogradTile } from '../graph/winograd.js';
import { type Algorithm, type AlgorithmTimes, algorithms } from './algorithm-record.js';
import type { Machine } from './machine.js';

/** Bytes of filters that stay in a cache from one run to the next, and bytes of a cycle from there and from memory. */
const cachedFilterBytes = 1 << 20;
const cachedBytesPerCycle = 16;
const filterBytesPerCycle = 6;
/** Cycles for an element of a transform, times its vector: loads, adds and a store. The input is gathered in overlapping tiles. */
const inputCycles = 6;
const outputCycles = 4;
/** A larger tile, which is less exact, must be at least this much faster. */
const gainMin = 1.03;

/** The fastest as measured; of those that are about as fast the most exact one. Undefined where nothing was measured. */
export function fastestAlgorithm(times: AlgorithmTimes): Algorithm | undefined {
  let best: Algorithm | undefined;
  let bestTime = Number.POSITIVE_INFINITY;
  for (const algorithm of algorithms) {
    const time = times[algorithm] ?? Number.POSITIVE_INFINITY;
    if (time * (best === undefined ? 1 : gainMin) >= bestTime) continue;
    best = algorithm;
    bestTime = time;
  }
  return best;
}

/** Cycles by algorithm; only the direct sum where Winograd makes no sense. */
export function reckonAlgorithms({ lanes, fmaPerCycle }: Machine, facts: WinogradFacts): AlgorithmTimes {
  const channels = Math.ceil(facts.channels / lanes) * lanes;
  const outputs = Math.ceil(facts.outputs / lanes) * lanes;
  const pairs = channels * outputs;
  const multiply = (products: number, filterBytes: number): number => {
    const bytesPerCycle = filterBytes <= cachedFilterBytes ? cachedBytesPerCycle : filterBytesPerCycle;
    return Math.max(products / (lanes * fmaPerCycle), filterBytes / bytesPerCycle);
  };
  const direct = multiply(facts.height * facts.width * 9 * pairs, pairs * 9 * 4);
  // Fewer channels than lanes are not stored in blocks, and their transform would gather lane by lane.
  if (facts.channels < lanes || facts.outputs * 2 < lanes) return { direct };
  const winograd = (tile: WinogradTile): number => {
    const planes = (tile + 2) ** 2;
    const tiles = Math.ceil(facts.height / tile) * Math.ceil(facts.width / tile);
    const transforms = (planes * tiles * (channels * inputCycles + outputs * outputCycles)) / lanes;
    return multiply(planes * tiles * pairs, planes * pairs * 4) + transforms;
  };
  return { direct, 2: winograd(2), 4: winograd(4), 6: winograd(6) };
}

/** The Winograd tile that is fastest, as measured or as reckoned; undefined where the direct sum is. */
export function chooseWinograd(
  machine: Machine,
  facts: WinogradFacts,
  measured: AlgorithmTimes = {},
): WinogradTile | undefined {
  const best = fastestAlgorithm(measured) ?? fastestAlgorithm(reckonAlgorithms(machine, facts));
  return best === 'direct' ? undefined : best;
}
