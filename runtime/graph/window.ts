// Windows that slide over the two space axes of [n, c, h, w]: what convolutions and pools share.

import type { Shape } from '../core/tensor.js';
import { booleanAttribute, integersAttribute } from './attributes.js';
import type { Attributes } from './graph.js';
import type { Numbers } from './numbers.js';
import { refuse } from './rules.js';

/** How a window slides along one axis. */
export interface Slide {
  /** Cells of the window. */
  readonly kernel: number;
  readonly stride: number;
  /** Distance between neighbouring cells. */
  readonly dilation: number;
  readonly padBefore: number;
  readonly padAfter: number;
}

/** The slides along h and w of a window of `kernel` cells, from the attributes strides, pads and dilations. */
export function slidesOf(attributes: Attributes, kernel: readonly number[]): [h: Slide, w: Slide] {
  const strides = integersAttribute(attributes, 'strides', { count: 2, min: 1 });
  const pads = integersAttribute(attributes, 'pads', { count: 4, min: 0 });
  const dilations = integersAttribute(attributes, 'dilations', { count: 2, min: 1 });
  const slide = (axis: 0 | 1): Slide => ({
    kernel: kernel[axis] as number,
    stride: strides[axis] as number,
    dilation: dilations[axis] as number,
    padBefore: pads[axis] as number,
    padAfter: pads[axis + 2] as number,
  });
  return [slide(0), slide(1)];
}

/** The slides of a pool. */
export function poolSlidesOf(kind: string, attributes: Attributes): [h: Slide, w: Slide] {
  const slides = slidesOf(attributes, integersAttribute(attributes, 'kernel', { count: 2, min: 1 }));
  for (const slide of slides) {
    if (Math.max(slide.padBefore, slide.padAfter) >= spanOf(slide)) {
      refuse(kind, `pads ${slide.padBefore} and ${slide.padAfter} leave windows of ${spanOf(slide)} outside of the input`);
    }
  }
  return slides;
}

/** Elements between the first and the last cell of a window, both included. */
function spanOf({ kernel, dilation }: Slide): number {
  return (kernel - 1) * dilation + 1;
}

/**
 * How many windows fit along an axis. With `ceil` the last may reach past the end, but it must start before the end padding.
 * @throws OnboxError `op-invalid` if not even one does
 */
export function slideCount(kind: string, slide: Slide, extent: number, ceil = false): number {
  const room = extent + slide.padBefore + slide.padAfter - spanOf(slide);
  if (room < 0) refuse(kind, `a window of ${spanOf(slide)} does not fit into ${extent} elements and their pads`);
  const count = (ceil ? Math.ceil(room / slide.stride) : Math.floor(room / slide.stride)) + 1;
  return ceil && (count - 1) * slide.stride >= extent + slide.padBefore ? count - 1 : count;
}

/** The shape of the result of a pool over `shape`, [n, c, h, w]. */
export function poolShape(kind: string, attributes: Attributes, shape: readonly number[]): number[] {
  const ceil = booleanAttribute(attributes, 'ceilMode');
  const [n, c, h, w] = shape as [number, number, number, number];
  const [down, across] = poolSlidesOf(kind, attributes);
  return [n, c, slideCount(kind, down, h, ceil), slideCount(kind, across, w, ceil)];
}

/**
 * The indices i of 0..count-1 for which i * stride + offset lies within 0..extent-1.
 * @returns the first and how many; offset = cell * dilation - padBefore
 */
export function insideRange(count: number, stride: number, offset: number, extent: number): [first: number, count: number] {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const last = Math.min(count - 1, Math.floor((extent - 1 - offset) / stride));
  return [first, Math.max(0, last - first + 1)];
}

/**
 * For each cell of the window and each place where it stands, [kh, kw, h, w], the offset in a plane of `large` elements of the element
 * under the cell; -1 where that is outside.
 * @param places how many windows there are along h and w
 */
export function windowTable(
  [down, across]: readonly [Slide, Slide],
  places: readonly [h: number, w: number],
  large: readonly [h: number, w: number],
): Int32Array {
  const table = new Int32Array(down.kernel * across.kernel * places[0] * places[1]);
  let at = 0;
  for (let i = 0; i < down.kernel; i++) {
    for (let j = 0; j < across.kernel; j++) {
      for (let y = 0; y < places[0]; y++) {
        const row = y * down.stride + i * down.dilation - down.padBefore;
        for (let x = 0; x < places[1]; x++) {
          const column = x * across.stride + j * across.dilation - across.padBefore;
          const isInside = row >= 0 && row < large[0] && column >= 0 && column < large[1];
          table[at++] = isInside ? row * large[1] + column : -1;
        }
      }
    }
  }
  return table;
}

/** Fills each channel of [n, c, h, w] with its number. */
export function fillChannels(values: Float64Array, shape: Shape, numbers: Numbers): void {
  const [n, c, h, w] = shape as [number, number, number, number];
  for (let plane = 0; plane < n * c; plane++) values.fill(numbers[plane % c] as number, plane * h * w, (plane + 1) * h * w);
}
