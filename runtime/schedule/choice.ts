// What a schedule is derived from: a few numbers, plain data, so that a search can step from one schedule to its neighbours and a
// record can say what was tried. Any choice gives a legal schedule of any program: what a program has no use for is left out.

import type { FrameChoice } from './frame.js';

export interface Choice extends FrameChoice {
  /** Sizes of the register tile: its area is the number of accumulators. Without a reduction `rows` are iterations written out. */
  readonly lines: number;
  readonly rows: number;
  readonly columns: number;
  /** How many loops the order of the reduction is turned by: the last ones come first. */
  readonly turned: number;
  /** How many of the innermost loops of the reduction are written out. */
  readonly unrolled: number;
  /** Chunks of work for each thread: loops are fused until there are as many. On a grid, work-items of a work-group at most. */
  readonly chunks: number;
}

/** Equal for equal choices. */
export function choiceKey({ vector, fused, swapped, lines, rows, columns, turned, unrolled, chunks }: Choice): string {
  return [vector, fused, swapped, lines, rows, columns, turned, unrolled, chunks].map(Number).join(' ');
}

/** The choice that a key stands for; undefined for text that is none. */
export function parseChoiceKey(text: string): Choice | undefined {
  if (!/^[01] [01] [01]( \d{1,6}){6}$/.test(text)) return undefined;
  const [vector, fused, swapped, lines = 0, rows = 0, columns = 0, turned = 0, unrolled = 0, chunks = 0] = text
    .split(' ')
    .map(Number);
  const frame = { vector: vector === 1, fused: fused === 1, swapped: swapped === 1 };
  return { ...frame, lines, rows, columns, turned, unrolled, chunks };
}
