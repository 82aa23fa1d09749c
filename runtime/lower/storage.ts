// How a value lies in memory: row-major, or in channel blocks with a border (graph.ts, Layout). The one place that turns logical
// indices into physical ones.

import { assert } from '../core/assert.js';
import type { Shape, TensorType } from '../core/tensor.js';
import type { Layout } from '../graph/graph.js';
import { type Affine, add, offset, quotient, remainder, scale, variable } from '../loop/affine.js';

/** One loop over a physical axis of a value. */
export interface StorageAxis {
  readonly name: string;
  readonly extent: number;
}

export const noBorder: Layout['border'] = [0, 0, 0, 0];

/** Extents of the buffer that holds a value. */
export function storageShape(type: TensorType, layout: Layout | undefined): Shape {
  if (layout === undefined) return type.shape;
  const [n, c, h, w] = rank4(type);
  const [top, left, bottom, right] = layout.border;
  const outer = [n, Math.ceil(c / layout.block), top + h + bottom, left + w + right];
  return layout.block === 1 ? outer : [...outer, layout.block];
}

/** Where the element at a logical index lies. */
export function storageIndex(layout: Layout | undefined, index: readonly Affine[]): readonly Affine[] {
  if (layout === undefined) return index;
  const [n, c, h, w] = index;
  assert(n !== undefined && c !== undefined && h !== undefined && w !== undefined, 'a layout wants four indices');
  const [top, left] = layout.border;
  const outer = [n, quotient(c, layout.block), offset(h, top), offset(w, left)];
  return layout.block === 1 ? outer : [...outer, remainder(c, layout.block)];
}

/** Loops over all stored elements but the border, outermost first, and the logical index that they mean. */
export function storageLoops(type: TensorType, layout: Layout | undefined): { axes: StorageAxis[]; index: Affine[] } {
  const names = type.shape.length === 4 ? ['n', 'c', 'h', 'w'] : type.shape.map((_, axis) => `d${axis}`);
  if (layout === undefined || layout.block === 1) {
    const axes = type.shape.map((extent, axis) => ({ name: names[axis] as string, extent }));
    return { axes, index: axes.map(({ name, extent }) => variable(name, extent)) };
  }
  const [n, c, h, w] = rank4(type);
  const blocks = Math.ceil(c / layout.block);
  const axes = [
    { name: 'n', extent: n },
    { name: 'co', extent: blocks },
    { name: 'h', extent: h },
    { name: 'w', extent: w },
    { name: 'ci', extent: layout.block },
  ];
  const channel = add(scale(variable('co', blocks), layout.block), variable('ci', layout.block));
  return { axes, index: [variable('n', n), channel, variable('h', h), variable('w', w)] };
}

export function hasBorder(layout: Layout | undefined): layout is Layout {
  return layout?.border.some((width) => width > 0) ?? false;
}

/** The four rectangles of a border as physical ranges of rows and columns: [firstRow, rows, firstColumn, columns]. */
export function borderParts(type: TensorType, layout: Layout): (readonly [number, number, number, number])[] {
  const [, , h, w] = rank4(type);
  const [top, left, bottom, right] = layout.border;
  const width = left + w + right;
  const parts = [
    [0, top, 0, width],
    [top + h, bottom, 0, width],
    [top, h, 0, left],
    [top, h, left + w, right],
  ] as const;
  return parts.filter(([, rows, , columns]) => rows > 0 && columns > 0);
}

function rank4(type: TensorType): readonly [number, number, number, number] {
  const [n, c, h, w] = type.shape;
  assert(type.shape.length === 4, 'only values of rank 4 have a layout');
  return [n as number, c as number, h as number, w as number];
}
