// Reads a value as it lies in the arena, in channel blocks or with a border, back into row-major order.

import { allocate, elementCount, type Tensor, type TensorData, type TensorType } from '../core/tensor.js';
import type { Layout } from '../graph/graph.js';
import { storageShape } from '../lower/storage.js';

/** How many elements a value takes in memory. */
export function storedElements(type: TensorType, layout: Layout | undefined): number {
  return elementCount(storageShape(type, layout));
}

/**
 * @param stored `storedElements(type, layout)` elements
 * @returns the value, row-major; `stored` itself where there is no layout
 */
export function fromStorage(stored: TensorData, { dtype, shape }: TensorType, layout: Layout | undefined): Tensor {
  if (layout === undefined) return { dtype, shape, data: stored };
  const data = allocate(dtype, elementCount(shape));
  const [n = 1, c = 1, h = 1, w = 1] = shape;
  const { block, border } = layout;
  const [top, left, bottom, right] = border;
  const blocks = Math.ceil(c / block);
  let i = 0;
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      const plane = (image * blocks + Math.floor(channel / block)) * (top + h + bottom) + top;
      for (let row = 0; row < h; row++) {
        const line = (plane + row) * (left + w + right) + left;
        for (let column = 0; column < w; column++) {
          data[i++] = stored[(line + column) * block + (channel % block)] as number;
        }
      }
    }
  }
  return { dtype, shape, data };
}
