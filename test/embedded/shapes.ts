// Outlines of the eight classes and of their look-alikes, as polygons of radius 1 around the origin.

import type { Outline, Point } from './raster.js';

export const classLabels = ['circle', 'square', 'triangle', 'star', 'cross', 'ring', 'arrow', 'heart'] as const;
export const lookAlikes = ['ellipse', 'rectangle', 'pentagon', 'hexagon', 'stick', 'half-disc', 'corner'] as const;

export type ClassLabel = (typeof classLabels)[number];
export type ShapeKind = ClassLabel | (typeof lookAlikes)[number];

/** The outline of a kind; `form` 0..1 is its free proportion. */
export function outlineOf(kind: ShapeKind, form: number): Outline {
  switch (kind) {
    case 'circle':
      return [arc(0.9, 0.9)];
    case 'square':
      return [rectangle(-0.8, -0.8, 0.8, 0.8)];
    case 'triangle':
      return [corners(3, 1)];
    case 'star':
      return [starPoints(0.39 + 0.12 * form)];
    case 'cross':
      return [crossPoints(0.23 + 0.14 * form)];
    case 'ring':
      return [arc(0.95, 0.95), arc(0.45 + 0.25 * form, 0.45 + 0.25 * form)];
    case 'arrow':
      return [arrowPoints(0.05 + 0.28 * form, 0.25 - 0.1 * form)];
    case 'heart':
      return [heartPoints()];
    case 'ellipse':
      return [arc(1, 0.35 + 0.2 * form)];
    case 'rectangle':
      return [rectangle(-0.95, -0.2 - 0.3 * form, 0.95, 0.2 + 0.3 * form)];
    case 'pentagon':
      return [corners(5, 0.95)];
    case 'hexagon':
      return [corners(6, 0.95)];
    case 'stick':
      return [rectangle(-1.6, -0.03 - 0.05 * form, 1.6, 0.03 + 0.05 * form)];
    case 'half-disc':
      return [arc(0.95, 0.95, Math.PI)];
    case 'corner':
      return [cornerPoints(0.4 + 0.15 * form)];
  }
}

/** Turns by `angle` radians, stretches x by `stretch`, scales by `radius` and moves to (x, y). */
export function place(outline: Outline, x: number, y: number, radius: number, angle: number, stretch: number): Outline {
  const cos = Math.cos(angle) * radius;
  const sin = Math.sin(angle) * radius;
  return outline.map((loop) => loop.map(([u, v]): Point => [x + u * stretch * cos - v * sin, y + u * stretch * sin + v * cos]));
}

function arc(width: number, height: number, sweep = 2 * Math.PI): Point[] {
  const count = 96;
  return Array.from({ length: count + 1 }, (_, i): Point => {
    const angle = (i / count) * sweep;
    return [width * Math.cos(angle), height * Math.sin(angle)];
  });
}

function rectangle(x1: number, y1: number, x2: number, y2: number): Point[] {
  return [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
}

function corners(count: number, radius: number): Point[] {
  return Array.from({ length: count }, (_, i): Point => {
    const angle = ((i + 0.5) / count) * 2 * Math.PI;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

function starPoints(inner: number): Point[] {
  return Array.from({ length: 10 }, (_, i): Point => {
    const radius = i % 2 === 0 ? 1 : inner;
    return [radius * Math.sin((i / 10) * 2 * Math.PI), -radius * Math.cos((i / 10) * 2 * Math.PI)];
  });
}

function crossPoints(arm: number): Point[] {
  const quarter: Point[] = [
    [-arm, -0.95],
    [arm, -0.95],
    [arm, -arm],
  ];
  return [0, 1, 2, 3].flatMap((turn) => quarter.map(([x, y]): Point => rotateQuarters(x, y, turn)));
}

function rotateQuarters(x: number, y: number, turns: number): Point {
  return turns === 0 ? [x, y] : rotateQuarters(-y, x, turns - 1);
}

function arrowPoints(neck: number, shaft: number): Point[] {
  return [
    [1, 0],
    [neck, 0.62],
    [neck, shaft],
    [-0.95, shaft],
    [-0.95, -shaft],
    [neck, -shaft],
    [neck, -0.62],
  ];
}

/** The curve 16 sin^3 t, 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t. */
function heartPoints(): Point[] {
  return Array.from({ length: 96 }, (_, i): Point => {
    const t = (i / 96) * 2 * Math.PI;
    const y = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
    return [Math.sin(t) ** 3 * 0.95, (-y / 16) * 0.95 - 0.1];
  });
}

function cornerPoints(arm: number): Point[] {
  return [
    [-0.9, -0.9],
    [-0.9 + arm, -0.9],
    [-0.9 + arm, 0.9 - arm],
    [0.9, 0.9 - arm],
    [0.9, 0.9],
    [-0.9, 0.9],
  ];
}
