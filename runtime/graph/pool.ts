// Pools: one number from each window of each channel.

import type { Dtype } from '../core/tensor.js';
import { define } from './define.js';
import type { Attributes, OpDefinition } from './graph.js';
import { type Numbers, numbersOf, roomFor, tensorFrom } from './numbers.js';
import { checkedType, checkRank } from './rules.js';
import { insideRange, poolShape, poolSlidesOf, type Slide } from './window.js';

type Extents = [number, number, number, number];

/** The part of a window that lies inside its plane. */
export interface Window {
  readonly values: Numbers;
  /** Where its first cell is. */
  readonly start: number;
  readonly rows: number;
  readonly columns: number;
  /** Distance between cells of neighbouring rows and columns. */
  readonly rowStride: number;
  readonly columnStride: number;
  /** Cells inside the plane or its pads: with ceilMode the last windows reach past even those. */
  readonly paddedCount: number;
}

/** A pool whose result is `pick` of each window, of the input's dtype unless `dtype` says otherwise. */
export function poolOperator(
  kind: string,
  prepare: (attributes: Attributes) => (window: Window) => number,
  dtype?: Dtype,
): OpDefinition {
  return define<[x: 1]>(kind, [1, 1], {
    infer([x], attributes) {
      checkRank(kind, 'x', x, 4);
      prepare(attributes);
      return checkedType(kind, dtype ?? x.dtype, poolShape(kind, attributes, x.shape));
    },
    evaluate([x], attributes, type) {
      const pick = prepare(attributes);
      const [n, c, height, width] = type.shape as Extents;
      const [, , h, w] = x.shape as Extents;
      const [down, across] = poolSlidesOf(kind, attributes);
      const values = numbersOf(x);
      const to = roomFor(type);
      let at = 0;
      for (let plane = 0; plane < n * c; plane++) {
        for (let y = 0; y < height; y++) {
          const [top, rows, paddedRows] = cellsInside(down, y, h);
          for (let i = 0; i < width; i++) {
            const [left, columns, paddedColumns] = cellsInside(across, i, w);
            to[at++] = pick({
              values,
              start: plane * h * w + top * w + left,
              rows,
              columns,
              rowStride: down.dilation * w,
              columnStride: across.dilation,
              paddedCount: paddedRows * paddedColumns,
            });
          }
        }
      }
      return tensorFrom(type, to);
    },
  });
}

/** Of the window at `index` along an axis: the first element that it covers, how many, and how many with the pads. */
function cellsInside(slide: Slide, index: number, extent: number): [start: number, count: number, padded: number] {
  const { kernel, stride, dilation, padBefore, padAfter } = slide;
  const offset = index * stride - padBefore;
  const [first, count] = insideRange(kernel, dilation, offset, extent);
  const [, padded] = insideRange(kernel, dilation, index * stride, extent + padBefore + padAfter);
  return [offset + first * dilation, count, padded];
}
