// Fitting is held against the definition of half-pixel bilinear, and placements against the way back of a dot.

import type { ImageInput } from '../../runtime/module/manifest.js';
import type { Picture } from '../../runtime/vision/image.js';
import { fitPicture, toPictureX, toPictureY } from '../../runtime/vision/letterbox.js';

function imageInput(width: number, height: number, rule: Partial<ImageInput>): ImageInput {
  return {
    input: 'x',
    width,
    height,
    colors: 'rgb',
    mean: [0],
    std: [1],
    channelsLast: false,
    fit: 'stretch',
    anchor: 'center',
    fill: 114,
    cropShare: 1,
    ...rule,
  };
}

function picture(width: number, height: number, value: (x: number, y: number, channel: number) => number): Picture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    value(Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3),
  );
  return { width, height, data };
}

/** Any picture: a hash of the position. */
function noise(width: number, height: number): Picture {
  return picture(width, height, (x, y, c) => (x * 7919 + y * 104_729 + c * 31) % 256);
}

/** The definition, in floating point: half-pixel centres, edges repeated. */
function bilinearAt({ width, height, data }: Picture, x: number, y: number, channel: number): number {
  const at = (column: number, row: number) => data[(row * width + column) * 3 + channel] as number;
  const px = Math.min(Math.max(x, 0), width - 1);
  const py = Math.min(Math.max(y, 0), height - 1);
  const [x0, y0] = [Math.floor(px), Math.floor(py)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const above = at(x0, y0) + (at(x1, y0) - at(x0, y0)) * (px - x0);
  const below = at(x0, y1) + (at(x1, y1) - at(x0, y1)) * (px - x0);
  return above + (below - above) * (py - y0);
}

/** The pixels as numbers of 0..255, whatever their type. */
function fitted(whole: Picture, image: ImageInput): number[] {
  const { pixels } = fitPicture(whole, image);
  return Array.from(pixels, (value) => value / (pixels instanceof Uint16Array ? 256 : 1));
}

test('a picture of the input size passes unchanged under every rule', () => {
  const [whole, large] = [noise(12, 8), noise(80, 60)];
  for (const fit of ['letterbox', 'stretch', 'crop'] as const) {
    expect(fitted(whole, imageInput(12, 8, { fit }))).toEqual([...whole.data]);
    expect(fitPicture(large, imageInput(80, 60, { fit })).pixels).toEqual(large.data);
  }
});

test.each([
  [13, 9, 32, 20],
  [40, 30, 7, 5],
  [64, 64, 48, 48],
  [1, 5, 4, 4],
  [5, 1, 4, 4],
  [1, 1, 3, 2],
  [2, 2, 1, 1],
  [70, 90, 100, 80],
])('stretching %dx%d to %dx%d is the half-pixel bilinear of the definition, within its rounding', (w, h, width, height) => {
  const whole = noise(w, h);
  const pixels = fitted(whole, imageInput(width, height, {}));
  let worst = 0;
  for (let i = 0; i < pixels.length; i++) {
    const x = (((Math.floor(i / 3) % width) + 0.5) * w) / width - 0.5;
    const y = ((Math.floor(i / 3 / width) + 0.5) * h) / height - 0.5;
    worst = Math.max(worst, Math.abs((pixels[i] as number) - bilinearAt(whole, x, y, i % 3)));
  }
  // A weight is off by 1/4096 at most, in either direction; bytes are rounded on top of it, 256ths hardly.
  const weights = (2 * 255) / 4096;
  expect(worst).toBeLessThanOrEqual(weights + (width * height <= 64 * 64 ? 1 / 512 : 1 / 2));
});

test('the extremes 0 and 255 survive scaling', () => {
  const white = picture(33, 17, () => 255);
  const black = picture(33, 17, () => 0);
  for (const [width, height] of [
    [20, 50],
    [200, 50],
  ] as const) {
    expect(new Set(fitted(white, imageInput(width, height, {})))).toEqual(new Set([255]));
    expect(new Set(fitted(black, imageInput(width, height, {})))).toEqual(new Set([0]));
  }
});

test('letterbox fills what the picture leaves, below at top-left and on both sides at center', () => {
  const wide = picture(8, 4, () => 200);
  const rows = (anchor: ImageInput['anchor']) => {
    const pixels = fitted(wide, imageInput(8, 8, { fit: 'letterbox', anchor }));
    return Array.from({ length: 8 }, (_, y) => new Set(pixels.slice(y * 24, y * 24 + 24))).map((set) => [...set].join());
  };
  expect(rows('top-left')).toEqual(['200', '200', '200', '200', '114', '114', '114', '114']);
  expect(rows('center')).toEqual(['114', '114', '200', '200', '200', '200', '114', '114']);
});

test('a tall picture is centred between columns', () => {
  const tall = picture(2, 8, () => 9);
  const image = imageInput(8, 8, { fit: 'letterbox', fill: 1 });
  const { placement } = fitPicture(tall, image);
  expect(
    fitted(tall, image)
      .slice(0, 24)
      .filter((_, i) => i % 3 === 0),
  ).toEqual([1, 1, 1, 9, 9, 1, 1, 1]);
  expect(placement).toEqual({ width: 2, height: 8, scaleX: 1, scaleY: 1, offsetX: 3, offsetY: 0 });
});

test('crop cuts what torchvision resizes to 256 and crops to 224', () => {
  const { placement } = fitPicture(noise(320, 240), imageInput(224, 224, { fit: 'crop', cropShare: 224 / 256 }));
  // 320x240 becomes 341x256; the crop starts at column 58 and row 16.
  expect(placement.scaleX).toBeCloseTo(341 / 320, 12);
  expect(placement.scaleY).toBeCloseTo(256 / 240, 12);
  expect([placement.offsetX, placement.offsetY]).toEqual([expect.closeTo(-58, 9), expect.closeTo(-16, 9)]);
});

test.each([
  ['letterbox', 'center'],
  ['letterbox', 'top-left'],
  ['stretch', 'center'],
  ['crop', 'center'],
] as const)('the placement of %s, %s leads a bright dot back to where it was', (fit, anchor) => {
  // In the middle, where a crop sees them too.
  for (const [dotX, dotY] of [
    [100, 60],
    [70, 40],
    [130, 85],
  ] as const) {
    const dotted = picture(200, 120, (x, y) => (Math.hypot(x + 0.5 - dotX, y + 0.5 - dotY) < 6 ? 255 : 0));
    const { pixels, placement } = fitPicture(dotted, imageInput(96, 96, { fit, anchor, fill: 0, cropShare: 0.9 }));
    let [sum, sumX, sumY] = [0, 0, 0];
    for (let i = 0; i < pixels.length; i += 3) {
      const value = pixels[i] as number;
      sum += value;
      sumX += value * (((i / 3) % 96) + 0.5);
      sumY += value * (Math.floor(i / 3 / 96) + 0.5);
    }
    expect(Math.abs(toPictureX(placement, sumX / sum) - dotX)).toBeLessThan(1);
    expect(Math.abs(toPictureY(placement, sumY / sum) - dotY)).toBeLessThan(1);
  }
});

test('boxes end at the edges of the picture', () => {
  const { placement } = fitPicture(noise(20, 10), imageInput(40, 40, { fit: 'letterbox' }));
  expect([toPictureX(placement, -5), toPictureX(placement, 99)]).toEqual([0, 20]);
  expect([toPictureY(placement, 0), toPictureY(placement, 40), toPictureY(placement, 20)]).toEqual([0, 10, 5]);
});

test('the pixels go where the caller wants them', () => {
  const into = new Uint16Array(4 * 4 * 3).fill(7);
  expect(
    fitPicture(
      picture(4, 2, () => 50),
      imageInput(4, 4, { fit: 'letterbox', anchor: 'top-left' }),
      into,
    ).pixels,
  ).toBe(into);
  expect([...into.subarray(21, 27)]).toEqual([50, 50, 50, 114, 114, 114].map((value) => value * 256));
});

test('a picture without pixels is refused by name', () => {
  const empty = { width: 0, height: 4, data: new Uint8Array(0) };
  expect(() => fitPicture(empty, imageInput(4, 4, {}))).toThrow(expect.objectContaining({ code: 'image-empty' }));
});
