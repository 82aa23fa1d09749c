// Backgrounds of test scenes: gradients, stripes, soft blotches and small clutter that belongs to no class.

import type { Random } from './random.js';
import { type Point, rasterise } from './raster.js';

// Taken out once: under jest every look at a global object costs much, and these are called for each pixel.
const { cos, floor, hypot, max, min, sin } = Math;

/** f32[h,w,3], RGB 0..255. */
export function drawBackground(width: number, height: number, random: Random): Float32Array {
  const light = new Float32Array(width * height * 3);
  drawGradient(light, width, height, random);
  if (random.uniform() < 0.35) addStripes(light, width, height, random);
  for (const cells of [4, 10, 30]) {
    if (random.uniform() < 0.5) addBlotches(light, width, height, cells, random.uniform(10, 90), random);
  }
  if (random.uniform() < 0.6) addClutter(light, width, height, random);
  for (let i = 0; i < light.length; i++) light[i] = min(255, max(0, light[i] ?? 0));
  return light;
}

/** Between two colours, along a line or out from a point. */
function drawGradient(light: Float32Array, width: number, height: number, random: Random): void {
  const [r1 = 0, g1 = 0, b1 = 0, r2 = 0, g2 = 0, b2 = 0] = Array.from({ length: 6 }, () => random.uniform(0, 255));
  const isFlat = random.uniform() < 0.25;
  const isRound = random.uniform() < 0.4;
  const angle = random.uniform(0, 2 * Math.PI);
  const [stepX, stepY] = [cos(angle), sin(angle)];
  const [midX, midY] = [random.uniform(0, width), random.uniform(0, height)];
  const side = max(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const along = ((x - width / 2) * stepX + (y - height / 2) * stepY) / side + 0.5;
      const share = isFlat ? 0 : min(1, isRound ? hypot(x - midX, y - midY) / side : along);
      const at = (y * width + x) * 3;
      light[at] = r1 * (1 - share) + r2 * share;
      light[at + 1] = g1 * (1 - share) + g2 * share;
      light[at + 2] = b1 * (1 - share) + b2 * share;
    }
  }
}

function addStripes(light: Float32Array, width: number, height: number, random: Random): void {
  const period = max(width, height) * random.uniform(0.02, 0.15);
  const angle = random.uniform(0, Math.PI);
  const step = [0, 1, 2].map(() => random.uniform(-40, 40));
  const [stepX, stepY] = [cos(angle), sin(angle)];
  for (let at = 0; at < width * height; at++) {
    const along = (at % width) * stepX + floor(at / width) * stepY;
    if (((along % period) + period) % period > period / 2) continue;
    for (let c = 0; c < 3; c++) light[at * 3 + c] = (light[at * 3 + c] ?? 0) + (step[c] ?? 0);
  }
}

/** Noise on a grid of `cells` along the longer side, smoothed between its points. */
function addBlotches(
  light: Float32Array,
  width: number,
  height: number,
  cells: number,
  strength: number,
  random: Random,
): void {
  const pitch = max(width, height) / cells;
  const columns = cells + 2;
  const grid = Float32Array.from({ length: columns * columns * 3 }, () => random.uniform(-0.5, 0.5) * strength);
  // One row of the picture between two rows of the grid, then stretched along x.
  const row = new Float32Array(columns * 3);
  for (let y = 0; y < height; y++) {
    const top = floor(y / pitch) * columns * 3;
    const fy = ease((y / pitch) % 1);
    for (let i = 0; i < row.length; i++) row[i] = (grid[top + i] ?? 0) * (1 - fy) + (grid[top + row.length + i] ?? 0) * fy;
    for (let x = 0; x < width; x++) {
      const left = floor(x / pitch) * 3;
      const fx = ease((x / pitch) % 1);
      const at = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) {
        light[at + c] = (light[at + c] ?? 0) + (row[left + c] ?? 0) * (1 - fx) + (row[left + 3 + c] ?? 0) * fx;
      }
    }
  }
}

function ease(share: number): number {
  return share * share * (3 - 2 * share);
}

/** Thin lines and slivers: four corners, far longer than wide, so that none is a square or triangle. */
function addClutter(light: Float32Array, width: number, height: number, random: Random): void {
  const side = max(width, height);
  for (let i = random.below(25); i > 0; i--) {
    const [x, y, angle] = [random.uniform(0, width), random.uniform(0, height), random.uniform(0, Math.PI)];
    const half = side * random.uniform(0.01, 0.12);
    const thick = half * random.uniform(0.05, 0.3);
    const along: Point = [cos(angle) * half, sin(angle) * half];
    const across: Point = [-sin(angle) * thick, cos(angle) * thick];
    const corner = (a: number, b: number): Point => [x + a * along[0] + b * across[0], y + a * along[1] + b * across[1]];
    const mask = rasterise([[corner(-1, -1), corner(1, -0.8), corner(1, 0.8), corner(-1, 1)]]);
    const color = [random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)];
    mask.coverage.forEach((share, index) => {
      const px = mask.left + (index % mask.width);
      const py = mask.top + floor(index / mask.width);
      if (share === 0 || px < 0 || py < 0 || px >= width || py >= height) return;
      for (let c = 0; c < 3; c++) {
        const at = (py * width + px) * 3 + c;
        light[at] = (light[at] ?? 0) * (1 - share * 0.8) + (color[c] ?? 0) * share * 0.8;
      }
    });
  }
}
