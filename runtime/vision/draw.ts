// Draws detected objects on a picture: a frame, a label on a filled ground, and landmarks, in one colour a class.

import type { DetectedObject } from './boxes.js';
import { glyphAdvance, glyphHeight, glyphWidth, loadFont } from './font.js';
import { encodePng, type Picture } from './image.js';

type Color = readonly [red: number, green: number, blue: number];

interface Brush {
  /** Pixels of a frame's line. */
  readonly line: number;
  /** Pixels of one cell of the font. */
  readonly cell: number;
  readonly font: ReadonlyMap<string, readonly number[]>;
}

/** Colours that keep apart from each other and from most photos. */
const palette: readonly Color[] = [
  [255, 56, 92],
  [0, 194, 255],
  [255, 196, 0],
  [46, 213, 115],
  [176, 96, 255],
  [255, 128, 32],
  [0, 214, 190],
  [255, 105, 200],
  [84, 120, 255],
  [178, 222, 39],
];

/** Characters of a label that are drawn. */
const labelCharactersMax = 32;

/** A PNG of the picture with its objects, as `paintObjects` paints them; the picture itself stays as it is. */
export async function drawObjects(picture: Picture, objects: readonly DetectedObject[]): Promise<Uint8Array> {
  const canvas: Picture = { ...picture, data: picture.data.slice() };
  paintObjects(canvas, objects);
  return await encodePng(canvas);
}

/**
 * Paints objects over a picture. Lines and letters grow with the shorter side. Characters outside ASCII are painted as a question mark.
 */
export function paintObjects(canvas: Picture, objects: readonly DetectedObject[]): void {
  const side = Math.min(canvas.width, canvas.height);
  const brush: Brush = {
    line: Math.max(1, Math.round(side / 240)),
    cell: Math.max(1, Math.round(side / 180) / 2),
    font: loadFont(),
  };
  // The most confident come last, on top; labels above all frames.
  const order = [...objects].reverse();
  for (const object of order) drawFrame(canvas, object, brush);
  for (const object of order) drawLabel(canvas, object, brush);
}

function drawFrame(canvas: Picture, { box, class: index, landmarks }: DetectedObject, { line }: Brush): void {
  const color = colorOf(index);
  const [x1, y1, x2, y2] = wholeBox(box);
  fill(canvas, x1, y1, x2, y1 + line, color);
  fill(canvas, x1, y2 - line, x2, y2, color);
  fill(canvas, x1, y1, x1 + line, y2, color);
  fill(canvas, x2 - line, y1, x2, y2, color);
  for (const [x, y] of landmarks ?? []) drawDisc(canvas, x, y, line * 1.4, color);
}

function drawLabel(canvas: Picture, { box, class: index, label, confidence }: DetectedObject, brush: Brush): void {
  const name = label.length > labelCharactersMax ? `${label.slice(0, labelCharactersMax - 3)}...` : label;
  const text = `${name} ${Math.round(confidence * 100)}%`;
  const margin = Math.ceil(brush.cell * 2);
  const width = Math.ceil((text.length * glyphAdvance - 1) * brush.cell) + 2 * margin;
  const height = Math.ceil(glyphHeight * brush.cell) + 2 * margin - Math.floor(brush.cell);
  const [x1, y1] = wholeBox(box);
  // Above the frame; inside it at the picture's upper edge; never past the right edge.
  const left = Math.max(0, Math.min(x1, canvas.width - width));
  const top = y1 - height >= 0 ? y1 - height : y1;
  const color = colorOf(index);
  fill(canvas, left, top, left + width, top + height, color);
  drawText(canvas, text, left + margin, top + margin, brush, inkOn(color));
}

/**
 * Letters of any size out of the small bitmap: its cells are interpolated and the result is cut a little below one half, which rounds
 * corners, smooths diagonals and makes strokes somewhat bolder.
 */
function drawText(canvas: Picture, text: string, left: number, top: number, { cell, font }: Brush, color: Color): void {
  const unknown = font.get('?') ?? [];
  for (const [index, character] of [...text].entries()) {
    const glyph = font.get(character) ?? unknown;
    const start = left + index * glyphAdvance * cell;
    for (let y = Math.floor(-cell); y < (glyphHeight + 1) * cell; y++) {
      for (let x = Math.floor(-cell); x < (glyphWidth + 1) * cell; x++) {
        const ink = inkAt(glyph, (x + 0.5) / cell - 0.5, (y + 0.5) / cell - 0.5);
        const cover = Math.min(Math.max((ink - 0.42) * Math.max(cell, 1.5) + 0.5, 0), 1);
        if (cover > 0) blend(canvas, Math.round(start) + x, top + y, color, cover);
      }
    }
  }
}

/** How much ink a glyph has at a point between its cells' centres, 0..1. */
function inkAt(glyph: readonly number[], x: number, y: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const bit = (c: number, r: number) => (r >= 0 && r < glyphHeight ? ((glyph[c] ?? 0) >> r) & 1 : 0);
  const above = bit(column, row) + (bit(column + 1, row) - bit(column, row)) * (x - column);
  const below = bit(column, row + 1) + (bit(column + 1, row + 1) - bit(column, row + 1)) * (x - column);
  return above + (below - above) * (y - row);
}

function drawDisc(canvas: Picture, centerX: number, centerY: number, radius: number, color: Color): void {
  const reach = Math.ceil(radius + 1);
  for (let y = Math.floor(centerY) - reach; y <= centerY + reach; y++) {
    for (let x = Math.floor(centerX) - reach; x <= centerX + reach; x++) {
      const cover = radius + 0.5 - Math.hypot(x + 0.5 - centerX, y + 0.5 - centerY);
      if (cover > 0) blend(canvas, x, y, color, Math.min(cover, 1));
    }
  }
}

function fill(canvas: Picture, x1: number, y1: number, x2: number, y2: number, color: Color): void {
  for (let y = Math.max(0, y1); y < Math.min(canvas.height, y2); y++) {
    for (let x = Math.max(0, x1); x < Math.min(canvas.width, x2); x++) canvas.data.set(color, (y * canvas.width + x) * 3);
  }
}

function blend({ width, height, data }: Picture, x: number, y: number, color: Color, cover: number): void {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const at = (y * width + x) * 3;
  for (const [channel, value] of color.entries()) {
    const under = data[at + channel] ?? 0;
    data[at + channel] = Math.round(under + (value - under) * cover);
  }
}

function wholeBox(box: DetectedObject['box']): [number, number, number, number] {
  return [Math.round(box[0]), Math.round(box[1]), Math.round(box[2]), Math.round(box[3])];
}

function colorOf(index: number): Color {
  return palette[index % palette.length] ?? [255, 255, 255];
}

/** Black or white, whichever reads better on the colour (luma of ITU-R BT.601). */
function inkOn([red, green, blue]: Color): Color {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? [0, 0, 0] : [255, 255, 255];
}
