// Which algorithm a convolution starts with, by reckoning in cycles of one core: products at the rate of the multiply-add units, transforms
// and filters at the rate of the caches.

import type { WinogradFacts } from '../graph/passes/winograd.js';
import type { WinogradTile } from '../graph/winograd.js';
import type { Machine } from './machine.js';

/** Bytes of filters that come from memory in a cycle. */
const filterBytesPerCycle = 12;
/** Cycles for an element of a transform, times its vector: loads, adds and a store. */
const transformCycles = 2.5;
/** A Winograd convolution is taken only if it is reckoned to be at least this much faster. */
const gainMin = 1.1;

/** The Winograd tile that is reckoned fastest, undefined where the direct sum is. */
export function chooseWinograd(machine: Machine, facts: WinogradFacts): WinogradTile | undefined {
  const { lanes, fmaPerCycle } = machine;
  const channels = Math.ceil(facts.channels / lanes) * lanes;
  const outputs = Math.ceil(facts.outputs / lanes) * lanes;
  // Fewer channels than lanes are not stored in blocks, and their transform would gather lane by lane.
  if (facts.channels < lanes || facts.outputs * 2 < lanes) return undefined;
  const rate = lanes * fmaPerCycle;
  const cost = (products: number, filterBytes: number, transformed: number): number =>
    Math.max(products / rate, filterBytes / filterBytesPerCycle) + (transformed / lanes) * transformCycles;
  const pairs = channels * outputs;
  let best: WinogradTile | undefined;
  let bestCost = cost(facts.height * facts.width * 9 * pairs, pairs * 9 * 4, 0) / gainMin;
  for (const tile of [2, 4, 6] as const) {
    const planes = (tile + 2) ** 2;
    const tiles = Math.ceil(facts.height / tile) * Math.ceil(facts.width / tile);
    const candidate = cost(planes * tiles * pairs, planes * pairs * 4, planes * tiles * (channels + outputs));
    if (candidate < bestCost) {
      bestCost = candidate;
      best = tile;
    }
  }
  return best;
}
