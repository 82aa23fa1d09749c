// Drawn pictures are looked at pixel by pixel.

import type { DetectedObject } from '../../runtime/vision/boxes.js';
import { drawObjects } from '../../runtime/vision/draw.js';
import { glyphHeight, loadFont } from '../../runtime/vision/font.js';
import { decodePicture, type Picture } from '../../runtime/vision/image.js';

function black(width: number, height: number): Picture {
  return { width, height, data: new Uint8Array(width * height * 3) };
}

function object(box: DetectedObject['box'], label = 'cat', index = 0): DetectedObject {
  return { label, class: index, confidence: 0.5, box };
}

async function draw(picture: Picture, objects: readonly DetectedObject[]): Promise<(x: number, y: number) => number[]> {
  const { width, data } = await decodePicture(await drawObjects(picture, objects));
  return (x, y) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

test('the font has every printable character of ASCII, each but the space with ink', () => {
  const font = loadFont();
  expect([...font.keys()].join('')).toBe(Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join(''));
  expect([...font].filter(([, columns]) => columns.every((column) => column === 0)).map(([character]) => character)).toEqual([
    ' ',
  ]);
  expect(new Set([...font.values()].map((columns) => columns.join())).size).toBe(95);
});

test('letters stand as they are written', () => {
  const columns = loadFont().get('R') ?? [];
  const rows = Array.from({ length: glyphHeight }, (_, row) =>
    columns.map((column) => ((column >> row) & 1 ? '#' : '.')).join(''),
  );
  expect(rows).toEqual(['####.', '#...#', '#...#', '####.', '#.#..', '#..#.', '#...#', '.....']);
});

test('the frame lies on the box and the label above it, in the colour of the class', async () => {
  const at = await draw(black(300, 300), [object([100, 100, 250, 200])]);
  const color = at(250 - 1, 150);
  expect(color).not.toEqual([0, 0, 0]);
  for (const [x, y] of [
    [100, 150],
    [175, 199],
    [249, 199],
    [101, 99],
  ] as const)
    expect(at(x, y)).toEqual(color);
  for (const [x, y] of [
    [175, 150],
    [99, 150],
    [250, 150],
    [175, 200],
    [250, 99],
  ] as const)
    expect(at(x, y)).toEqual([0, 0, 0]);
});

test('classes differ in colour', async () => {
  const at = await draw(black(300, 300), [object([10, 50, 100, 100], 'a', 0), object([10, 200, 100, 250], 'b', 1)]);
  expect(at(10, 75)).not.toEqual(at(10, 225));
});

test('the picture that was given stays as it was', async () => {
  const picture = black(60, 60);
  await drawObjects(picture, [object([5, 5, 50, 50])]);
  expect(new Set(picture.data)).toEqual(new Set([0]));
});

test('boxes at and over every edge, empty boxes and foreign labels are drawn without harm', async () => {
  const labels = ['', 'x'.repeat(10_000), '人 😀 \n\u0000', 'ok'];
  const boxes = [
    [0, 0, 40, 30],
    [0, 0, 0, 0],
    [39, 29, 40, 30],
    [-50, -50, 500, 500],
    [20, 10, 5, 2],
  ] as const;
  const objects = boxes.flatMap((box) =>
    labels.map((label, i) => ({
      ...object(box, label, i * 7),
      landmarks: [
        [-3, 99],
        [1, 1],
      ] as const,
    })),
  );
  const bytes = await drawObjects(black(40, 30), objects);
  expect(await decodePicture(bytes)).toMatchObject({ width: 40, height: 30 });
  expect(await decodePicture(await drawObjects(black(1, 1), objects))).toMatchObject({ width: 1, height: 1 });
});
