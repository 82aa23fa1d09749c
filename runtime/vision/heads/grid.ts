// The cells of anchor-free and YOLO heads: one grid a stride, laid out one after the other.

import type { InputSize } from './head.js';

/** One level of a head. */
export interface Level {
  /** Pixels of the model's input for one cell. */
  readonly stride: number;
  readonly columns: number;
  readonly rows: number;
}

export function levelsOf(size: InputSize, strides: readonly number[]): Level[] {
  return strides.map((stride) => ({
    stride,
    columns: Math.ceil(size.width / stride),
    rows: Math.ceil(size.height / stride),
  }));
}

function cellCount(levels: readonly Level[]): number {
  return levels.reduce((sum, level) => sum + level.columns * level.rows, 0);
}

/** Strides of three- and four-level heads, in the order to try. */
const strideSets: readonly (readonly number[])[] = [
  [8, 16, 32],
  [8, 16, 32, 64],
];

/** The strides at which a picture of `size` has `count` cells, `anchors` boxes a cell. */
export function stridesFor(size: InputSize, count: number, anchors: number): readonly number[] | undefined {
  return strideSets.find((strides) => cellCount(levelsOf(size, strides)) * anchors === count);
}
