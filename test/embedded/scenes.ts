// Draws the scenes that measure the embedded models: polygons by scan lines, own backgrounds and random numbers. scenes.py, which
// draws the scenes they learned from, shares no code with it; only the rules are the same: shapes of a class show at least 65 %
// of themselves, and boxes enclose what is visible.

import { drawBackground } from './background.js';
import { createRandom, type Random } from './random.js';
import { type Mask, rasterise } from './raster.js';
import { type ClassLabel, classLabels, lookAlikes, outlineOf, place, type ShapeKind } from './shapes.js';

// Taken out once: under jest every look at a global object costs much, and these are called for each pixel.
const { cos, exp, floor, hypot, log, max, min, round, sin } = Math;

export type Color = readonly [number, number, number];

export interface SceneObject {
  readonly label: ClassLabel;
  readonly class: number;
  /** x1 y1 x2 y2 of what is visible, in pixels. */
  readonly box: readonly [number, number, number, number];
}

export interface Scene {
  readonly width: number;
  readonly height: number;
  /** RGB, row-major, 3 bytes a pixel. */
  readonly data: Uint8Array;
  readonly objects: readonly SceneObject[];
}

export interface SceneOptions {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
}

/** Where a shape should lie. Lengths in pixels. */
interface Wish {
  readonly kind: ShapeKind;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** A shape of which a smaller share is visible is left out. */
  readonly visibleMin: number;
}

/** The picture under work: `free` is the share of each pixel that no shape covers yet. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  /** RGB 0..255. */
  readonly light: Float32Array;
  /** The same before any shape was drawn. */
  readonly background: Float32Array;
  readonly free: Float32Array;
  readonly random: Random;
  readonly near: { x: number; y: number; radius: number; color: Color }[];
}

const classShareMin = 0.65;

/** A scene for the detector: several shapes of all classes among look-alikes, partly hidden, on a cluttered background. */
export function drawScene(options: SceneOptions): Scene {
  const canvas = createCanvas(options);
  const { random } = canvas;
  const side = max(options.width, options.height);
  const count = 4 + random.below(10);
  const objects: SceneObject[] = [];
  for (let i = 0; i < count; i++) {
    const isClass = random.uniform() < 0.6;
    const kind = isClass ? random.pick(classLabels) : random.pick(lookAlikes);
    const share = exp(random.uniform(log(isClass ? 0.046 : 0.09), log(isClass ? 0.27 : 0.22)));
    const radius = min(share * side, min(options.width, options.height) * 0.45);
    const inset = radius * random.uniform(0.75, 1.05);
    const x = random.uniform(inset, options.width - inset);
    const y = random.uniform(inset, options.height - inset);
    const object = drawShape(canvas, { kind, x, y, radius, visibleMin: isClass ? classShareMin : 0 });
    if (object !== undefined) objects.push(object);
  }
  return finish(canvas, objects);
}

/** A picture for the classifier: one main shape of a class, look-alikes before and behind it. `objects` holds that shape alone. */
export function drawPortrait(options: SceneOptions): Scene {
  for (let attempt = 0; ; attempt++) {
    const canvas = createCanvas({ ...options, seed: options.seed + attempt * 7919 });
    const { random } = canvas;
    const side = min(options.width, options.height);
    const scatter = (low: number, high: number): void => {
      const kind = random.pick(lookAlikes);
      const at = { x: random.uniform(0, options.width), y: random.uniform(0, options.height) };
      drawShape(canvas, { kind, ...at, radius: side * random.uniform(low, high), visibleMin: 0 });
    };
    for (let i = random.below(3); i > 0; i--) scatter(0.09, 0.15);
    const radius = side * random.uniform(0.2, 0.46);
    const x = random.uniform(radius * 0.9, options.width - radius * 0.9);
    const y = random.uniform(radius * 0.9, options.height - radius * 0.9);
    const main = drawShape(canvas, { kind: random.pick(classLabels), x, y, radius, visibleMin: classShareMin });
    if (main === undefined) continue;
    for (let i = random.below(5); i > 0; i--) scatter(0.09, 0.28);
    return finish(canvas, [main]);
  }
}

function createCanvas({ width, height, seed }: SceneOptions): Canvas {
  const random = createRandom(seed);
  const background = drawBackground(width, height, random);
  return {
    width,
    height,
    random,
    background,
    light: background.slice(),
    free: new Float32Array(width * height).fill(1),
    near: [],
  };
}

/** Draws a shape behind all that is there; undefined if it is none of a class or too much of it is hidden. */
function drawShape(canvas: Canvas, wish: Wish): SceneObject | undefined {
  const { random } = canvas;
  const strict = ['circle', 'square', 'pentagon', 'hexagon', 'half-disc'].includes(wish.kind);
  const stretch = strict ? random.uniform(0.97, 1.03) : random.uniform(0.87, 1.15);
  const angle = random.uniform(0, 2 * Math.PI);
  const outline = outlineOf(wish.kind, random.uniform());
  const mask = rasterise(place(outline, wish.x, wish.y, wish.radius, angle, stretch));
  const visible = cutVisible(canvas, mask);
  if (sum(visible) < wish.visibleMin * sum(mask.coverage)) return undefined;
  const rimmed = random.uniform() < 0.2 && wish.kind !== 'ring' && wish.kind !== 'stick';
  const core = rimmed ? rasterise(place(outline, wish.x, wish.y, wish.radius * 0.87, angle, stretch)) : undefined;
  paint(canvas, mask, visible, core, wish);
  const index = (classLabels as readonly ShapeKind[]).indexOf(wish.kind);
  const label = classLabels[index];
  return label === undefined ? undefined : { label, class: index, box: boxOf(mask, visible) };
}

/** What of a mask is inside the picture and not behind earlier shapes. */
function cutVisible(canvas: Canvas, mask: Mask): Float32Array {
  return mask.coverage.map((share, i) => {
    const x = mask.left + (i % mask.width);
    const y = mask.top + floor(i / mask.width);
    const isInside = x >= 0 && y >= 0 && x < canvas.width && y < canvas.height;
    return isInside ? share * (canvas.free[y * canvas.width + x] ?? 0) : 0;
  });
}

function paint(canvas: Canvas, mask: Mask, visible: Float32Array, core: Mask | undefined, wish: Wish): void {
  const { random } = canvas;
  const fill = chooseColor(canvas, wish);
  const rim: Color = [random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)];
  const slope = random.uniform() < 0.5 ? random.uniform(-45, 45) : 0;
  canvas.near.push({ x: wish.x, y: wish.y, radius: wish.radius, color: fill });
  for (let i = 0; i < visible.length; i++) {
    const share = visible[i] ?? 0;
    if (share === 0) continue;
    const x = mask.left + (i % mask.width);
    const y = mask.top + floor(i / mask.width);
    const inner = core === undefined ? 1 : coverageAt(core, x, y);
    const shade = slope * ((y - wish.y) / wish.radius);
    const at = y * canvas.width + x;
    const free = canvas.free[at] ?? 0;
    for (let c = 0; c < 3; c++) {
      const light = ((fill[c] ?? 0) + shade) * inner + (rim[c] ?? 0) * (1 - inner);
      canvas.light[at * 3 + c] = (canvas.light[at * 3 + c] ?? 0) + (light - (canvas.background[at * 3 + c] ?? 0)) * share;
    }
    canvas.free[at] = free - share;
  }
}

function coverageAt(mask: Mask, x: number, y: number): number {
  const column = x - mask.left;
  const row = y - mask.top;
  const isInside = column >= 0 && row >= 0 && column < mask.width && row < mask.height;
  return isInside ? min(1, mask.coverage[row * mask.width + column] ?? 0) : 0;
}

/** Of six random colours the one that stands out most from what lies around the shape's centre. */
function chooseColor(canvas: Canvas, wish: Wish): Color {
  const around: Color[] = canvas.near
    .filter((one) => hypot(one.x - wish.x, one.y - wish.y) < one.radius + wish.radius)
    .map((one) => one.color);
  for (let i = 0; i < 12; i++) {
    const turn = (i / 12) * 2 * Math.PI;
    const x = clamp(round(wish.x + cos(turn) * wish.radius), canvas.width - 1);
    const y = clamp(round(wish.y + sin(turn) * wish.radius), canvas.height - 1);
    const at = y * canvas.width + x;
    const [red = 0, green = 0, blue = 0] = canvas.background.subarray(at * 3, at * 3 + 3);
    around.push([red, green, blue]);
  }
  let best: Color = [0, 0, 0];
  let bestGap = -1;
  for (let i = 0; i < 6; i++) {
    const color: Color = [canvas.random.uniform(0, 255), canvas.random.uniform(0, 255), canvas.random.uniform(0, 255)];
    const gap = min(110, ...around.map((other) => hypot(color[0] - other[0], color[1] - other[1], color[2] - other[2])));
    if (gap > bestGap) [best, bestGap] = [color, gap];
  }
  return best;
}

function boxOf(mask: Mask, visible: Float32Array): [number, number, number, number] {
  let [x1, y1, x2, y2] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  visible.forEach((share, i) => {
    if (share < 0.35) return;
    const x = mask.left + (i % mask.width);
    const y = mask.top + floor(i / mask.width);
    [x1, y1, x2, y2] = [min(x1, x), min(y1, y), max(x2, x + 1), max(y2, y + 1)];
  });
  return [x1, y1, x2, y2];
}

/** Adds noise and rounds to bytes. */
function finish(canvas: Canvas, objects: readonly SceneObject[]): Scene {
  const { width, height, random, light } = canvas;
  const noise = random.uniform() < 0.6 ? random.uniform(0, 22) : 0;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const grain = noise > 0 ? random.normal() * noise : 0;
    data[i] = clamp(round((light[i] ?? 0) + grain), 255);
  }
  return { width, height, data, objects };
}

function sum(values: Float32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function clamp(value: number, most: number): number {
  return min(most, max(0, value));
}
