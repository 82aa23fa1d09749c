// The steps of a schedule: plain data, so that a record can store them and replay gives the same kernel. A step names loops; loops of
// one name come from the same loop (a main part and its tail, the copies after a distribution), and a step applies to all of them.

import type { Binding } from '../loop/program.js';

export type Step =
  /** loop -> outer * factor + inner; a factor that does not divide the extent is guarded. */
  | { readonly step: 'split'; readonly loop: string; readonly factor: number; readonly outer: string; readonly inner: string }
  /** Two loops, one directly inside the other, become one. */
  | { readonly step: 'fuse'; readonly outer: string; readonly inner: string; readonly name: string }
  /** Puts the loops of a perfect nest into this order, outermost first. */
  | { readonly step: 'reorder'; readonly loops: readonly string[] }
  /**
   * Moves a space loop inwards until it stands directly around stores: through the reductions in its body, whose accumulators become
   * arrays. This is what makes register tiles.
   */
  | { readonly step: 'sink'; readonly loop: string }
  /** Splits the range of a loop in two, 0..at and at..extent, so that guards vanish where they always hold. */
  | { readonly step: 'cut'; readonly loop: string; readonly at: number }
  /** Rearranges a constant at compile time to the order of these loops, outermost first. */
  | { readonly step: 'pack'; readonly buffer: string; readonly loops: readonly string[] }
  /** Gives every iteration of a reduction's inner loop an accumulator of its own; they are combined at the end. */
  | { readonly step: 'rfactor'; readonly loop: string }
  /** Sums the products of whole numbers of all iterations of an innermost reduction in one expression, as processors do with bytes. */
  | { readonly step: 'dot'; readonly loop: string }
  | { readonly step: 'vectorize'; readonly loop: string }
  | { readonly step: 'unroll'; readonly loop: string }
  /** Shares the iterations out among the threads. */
  | { readonly step: 'parallel'; readonly loop: string }
  /** Shares the iterations out among the work-items of a device, along a dimension of its grid and in groups of so many. */
  | ({ readonly step: 'bind'; readonly loop: string } & Binding);

export type Schedule = readonly Step[];
