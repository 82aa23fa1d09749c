// Fits a picture into a model's input and keeps the way back for the boxes. Lengths are pixels.
// One plain half-pixel bilinear resampling (OpenCV's INTER_LINEAR: no anti-aliasing) serves letterbox, stretch and crop, since
// that is what detectors were trained and are measured with. Own code, because libvips shrinks before it interpolates.

import { OnboxError } from '../core/error.js';
import { pixelTypesOf } from '../module/image.js';
import type { ImageInput, Pixels } from '../module/manifest.js';
import type { Picture } from './image.js';

/** How pixels of the model's input map to the upright picture: picture = (model - offset) / scale. */
export interface Placement {
  /** Of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the model's input for one pixel of the picture. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Where the picture's left top corner lies in the model's input; negative where a crop cut it off. */
  readonly offsetX: number;
  readonly offsetY: number;
}

export interface FittedPicture {
  /** [height,width,3] of the model's input size, RGB, in the best type that the model takes. */
  readonly pixels: Pixels;
  readonly placement: Placement;
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Fits `picture` into `image.width` x `image.height` by its rule:
 * `letterbox` keeps the proportions and fills the rest with `fill`, `stretch` does not keep them, and `crop` takes the largest
 * rectangle of the input's proportions from the centre, shrunk to `cropShare` of its sides.
 * @param into what an earlier call for the same `image` gave, to spare an allocation a frame
 * @throws OnboxError `image-empty` if a side of `picture` is 0
 */
export function fitPicture(picture: Picture, image: ImageInput, into?: Pixels): FittedPicture {
  if (picture.width < 1 || picture.height < 1) {
    throw new OnboxError(`the picture is ${picture.width}x${picture.height} pixels: it has none`, { code: 'image-empty' });
  }
  const from = sourceRectangle(picture, image);
  const to = targetRectangle(picture, image);
  const isFine = pixelTypesOf(image).includes('u16');
  const pixels = into ?? new (isFine ? Uint16Array : Uint8Array)(image.width * image.height * 3);
  fillBorder(pixels, image.width, image.height, to, isFine ? image.fill * 256 : image.fill);
  resample(picture, from, pixels, image.width, to);
  const scaleX = to.width / from.width;
  const scaleY = to.height / from.height;
  const placement: Placement = {
    width: picture.width,
    height: picture.height,
    scaleX,
    scaleY,
    offsetX: to.x - from.x * scaleX,
    offsetY: to.y - from.y * scaleY,
  };
  return { pixels, placement };
}

/** An abscissa of the model's input as one of the picture, clamped to it. */
export function toPictureX(placement: Placement, x: number): number {
  return clamp((x - placement.offsetX) / placement.scaleX, placement.width);
}

/** An ordinate of the model's input as one of the picture, clamped to it. */
export function toPictureY(placement: Placement, y: number): number {
  return clamp((y - placement.offsetY) / placement.scaleY, placement.height);
}

function clamp(value: number, max: number): number {
  return value > 0 ? Math.min(value, max) : 0;
}

function sourceRectangle(picture: Picture, image: ImageInput): Rectangle {
  if (image.fit !== 'crop') return { x: 0, y: 0, width: picture.width, height: picture.height };
  // As torchvision's Resize and CenterCrop: the picture is scaled to whole pixels and cut at a whole pixel, here in one step.
  const scale = Math.max(image.width / picture.width, image.height / picture.height) / image.cropShare;
  const x = cutAxis(picture.width, scale, image.width);
  const y = cutAxis(picture.height, scale, image.height);
  return { x: x.start, y: y.start, width: x.extent, height: y.extent };
}

/** The middle `target` pixels of an axis scaled by `scale`, in pixels of the picture. */
function cutAxis(extent: number, scale: number, target: number): { start: number; extent: number } {
  const scaled = Math.max(target, Math.round(extent * scale));
  const shrink = extent / scaled;
  return { start: Math.floor((scaled - target) / 2) * shrink, extent: target * shrink };
}

function targetRectangle(picture: Picture, image: ImageInput): Rectangle {
  if (image.fit !== 'letterbox') return { x: 0, y: 0, width: image.width, height: image.height };
  const scale = Math.min(image.width / picture.width, image.height / picture.height);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  if (image.anchor === 'top-left') return { x: 0, y: 0, width, height };
  return { x: Math.floor((image.width - width) / 2), y: Math.floor((image.height - height) / 2), width, height };
}

/** Weights are whole numbers of 1/2048; two rounds of them and a byte fit in 31 bits. */
const weightBits = 11;
const weightOne = 1 << weightBits;

interface Taps {
  readonly lower: Int32Array;
  readonly weight: Int32Array;
}

/** For each target index the lower source index and the weight of the upper one: half-pixel centres, edges repeated. */
function taps(start: number, extent: number, count: number, limit: number): Taps {
  const lower = new Int32Array(count);
  const weight = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const position = Math.min(Math.max(start + ((i + 0.5) * extent) / count - 0.5, 0), limit - 1);
    const floor = Math.min(Math.floor(position), Math.max(limit - 2, 0));
    lower[i] = floor;
    weight[i] = limit > 1 ? Math.round((position - floor) * weightOne) : 0;
  }
  return { lower, weight };
}

/** Fills `to` with the bilinear picture of `from`. Each pixel is made at once of its four neighbours: no row is stored in between. */
function resample({ width, height, data }: Picture, from: Rectangle, pixels: Pixels, rowPixels: number, to: Rectangle): void {
  const columns = taps(from.x, from.width, to.width, width);
  const rows = taps(from.y, from.height, to.height, height);
  // A picture of one column or row has no further neighbour: its weight is 0, and the step to it too.
  const right = width > 1 ? 3 : 0;
  const down = height > 1 ? width * 3 : 0;
  // What the products of two weights have beyond the pixel's own bits.
  const shift = 2 * weightBits - (pixels instanceof Uint16Array ? 8 : 0);
  for (let y = 0; y < to.height; y++) {
    const above = (rows.lower[y] as number) * width * 3;
    resampleRow(
      data,
      above,
      above + down,
      columns,
      right,
      rows.weight[y] as number,
      shift,
      pixels,
      ((to.y + y) * rowPixels + to.x) * 3,
    );
  }
}

function resampleRow(
  data: Uint8Array,
  above: number,
  below: number,
  { lower, weight }: Taps,
  right: number,
  weightY: number,
  shift: number,
  pixels: Pixels,
  start: number,
): void {
  for (let x = 0, target = start; x < lower.length; x++, target += 3) {
    const weightX = weight[x] as number;
    const a = above + (lower[x] as number) * 3;
    const b = below + (lower[x] as number) * 3;
    const c = a + right;
    const d = b + right;
    // Written out by channel: a loop over three costs a third more.
    pixels[target] = mix(data[a] as number, data[c] as number, data[b] as number, data[d] as number, weightX, weightY, shift);
    pixels[target + 1] = mix(
      data[a + 1] as number,
      data[c + 1] as number,
      data[b + 1] as number,
      data[d + 1] as number,
      weightX,
      weightY,
      shift,
    );
    pixels[target + 2] = mix(
      data[a + 2] as number,
      data[c + 2] as number,
      data[b + 2] as number,
      data[d + 2] as number,
      weightX,
      weightY,
      shift,
    );
  }
}

/** Four neighbours, above then below, by their weights, rounded to `shift` bits less; whole numbers of 31 bits throughout. */
function mix(a: number, b: number, c: number, d: number, weightX: number, weightY: number, shift: number): number {
  const top = (a << weightBits) + (b - a) * weightX;
  const bottom = (c << weightBits) + (d - c) * weightX;
  return ((top << weightBits) + (bottom - top) * weightY + (1 << (shift - 1))) >> shift;
}

/** Gives every pixel outside `inside` the grey `fill`. */
function fillBorder(pixels: Pixels, width: number, height: number, inside: Rectangle, fill: number): void {
  const rowValues = width * 3;
  const right = inside.x + inside.width;
  pixels.fill(fill, 0, inside.y * rowValues);
  for (let y = inside.y; y < inside.y + inside.height && inside.width < width; y++) {
    pixels.fill(fill, y * rowValues, y * rowValues + inside.x * 3);
    pixels.fill(fill, y * rowValues + right * 3, (y + 1) * rowValues);
  }
  pixels.fill(fill, (inside.y + inside.height) * rowValues, height * rowValues);
}
