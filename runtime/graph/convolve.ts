// The inner loops of convolutions, forward and transposed. Weights outermost, rows innermost: every bound is known before the row.

import type { Numbers } from './numbers.js';
import { insideRange, type Slide } from './window.js';

/** One plane of h x w elements in a larger array. */
export interface Plane {
  readonly values: Numbers;
  readonly start: number;
  readonly h: number;
  readonly w: number;
}

/** to[y, x] += weight[i, j] * from[y * stride + i * dilation - pad, ...] over a window's cells, where `from` has such an element. */
export function gatherWindow(to: Plane, from: Plane, weights: Plane, down: Slide, across: Slide): void {
  eachCell(to, from, weights, down, across, (weight, target, source, count, stride) => {
    for (let i = 0; i < count; i++) {
      to.values[target + i] = (to.values[target + i] as number) + weight * (from.values[source + i * stride] as number);
    }
  });
}

/** The transpose: to[y * stride + i * dilation - pad, ...] += weight[i, j] * from[y, x]. */
export function scatterWindow(to: Plane, from: Plane, weights: Plane, down: Slide, across: Slide): void {
  eachCell(from, to, weights, down, across, (weight, source, target, count, stride) => {
    for (let i = 0; i < count; i++) {
      const at = target + i * stride;
      to.values[at] = (to.values[at] as number) + weight * (from.values[source + i] as number);
    }
  });
}

type Row = (weight: number, small: number, large: number, count: number, stride: number) => void;

/** Calls `row` for each cell of the window and each row of the small plane: where it starts in both planes, and its length. */
function eachCell(small: Plane, large: Plane, weights: Plane, down: Slide, across: Slide, row: Row): void {
  for (let i = 0; i < weights.h; i++) {
    const shiftDown = i * down.dilation - down.padBefore;
    const [top, rows] = insideRange(small.h, down.stride, shiftDown, large.h);
    for (let j = 0; j < weights.w; j++) {
      const shiftAcross = j * across.dilation - across.padBefore;
      const [left, columns] = insideRange(small.w, across.stride, shiftAcross, large.w);
      const weight = weights.values[weights.start + i * weights.w + j] as number;
      for (let y = top; y < top + rows; y++) {
        const inLarge = large.start + (y * down.stride + shiftDown) * large.w + left * across.stride + shiftAcross;
        row(weight, small.start + y * small.w + left, inLarge, columns, across.stride);
      }
    }
  }
}
