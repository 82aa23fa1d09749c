// Boxes as tracking sees them: corners in pixels, y downwards.

import { overlap } from '../vision/nms.js';
import type { Point } from './geometry.js';

/** Left, top, right, bottom in pixels. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Intersection over union, 0..1. */
export function boxOverlap(a: Box, b: Box): number {
  return overlap(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
}

export function boxCenter([left, top, right, bottom]: Box): Point {
  return [(left + right) / 2, (top + bottom) / 2];
}

/** The box with `share` of its width added at the left and at the right, and of its height above and below. */
export function growBox([left, top, right, bottom]: Box, share: number): Box {
  const [x, y] = [share * (right - left), share * (bottom - top)];
  return [left - x, top - y, right + x, bottom + y];
}
