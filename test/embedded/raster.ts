// A small rasteriser for test scenes: polygons by scan lines, four a pixel, with exact coverage along the line.

// Taken out once: under jest every look at a global object costs much, and these are called for each pixel.
const { ceil, floor, max, min } = Math;

export type Point = readonly [number, number];
/** Closed outlines; what an even number of them encloses is outside. */
export type Outline = readonly (readonly Point[])[];

/** How much of each pixel a shape covers, 0..1, in the rectangle that holds it; `left` and `top` may lie outside a picture. */
export interface Mask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly coverage: Float32Array;
}

const linesPerPixel = 4;

/** Draws outlines given in pixels. */
export function rasterise(outline: Outline): Mask {
  const points = outline.flat();
  const left = floor(min(...points.map(([x]) => x)));
  const top = floor(min(...points.map(([, y]) => y)));
  const width = ceil(max(...points.map(([x]) => x))) - left;
  const height = ceil(max(...points.map(([, y]) => y))) - top;
  const coverage = new Float32Array(width * height);
  for (let line = 0; line < height * linesPerPixel; line++) {
    const y = top + (line + 0.5) / linesPerPixel;
    const crossings = cross(outline, y);
    const row = floor(line / linesPerPixel) * width;
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      addSpan(coverage, row, width, (crossings[pair] ?? 0) - left, (crossings[pair + 1] ?? 0) - left);
    }
  }
  return { left, top, width, height, coverage };
}

/** Where a horizontal line at `y` crosses the outlines, from left to right. */
function cross(outline: Outline, y: number): number[] {
  const found: number[] = [];
  for (const loop of outline) {
    let before = loop[loop.length - 1] ?? [0, 0];
    for (const point of loop) {
      if (before[1] <= y !== point[1] <= y) {
        found.push(before[0] + ((y - before[1]) / (point[1] - before[1])) * (point[0] - before[0]));
      }
      before = point;
    }
  }
  return found.sort((a, b) => a - b);
}

function addSpan(coverage: Float32Array, row: number, width: number, from: number, to: number): void {
  const last = min(width - 1, floor(to));
  for (let x = max(0, floor(from)); x <= last; x++) {
    const share = min(to, x + 1) - max(from, x);
    coverage[row + x] = (coverage[row + x] ?? 0) + share / linesPerPixel;
  }
}
