// Boxes as tracking sees them.

import { overlap } from '../vision/nms.js';

/** Left, top, right, bottom in pixels. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Intersection over union, 0..1. */
export function boxOverlap(a: Box, b: Box): number {
  return overlap(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
}
