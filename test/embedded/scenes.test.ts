// The scenes that measure: the same every time, and their boxes are true.

import { createHash } from 'node:crypto';
import { rasterise } from './raster.js';
import { drawPortrait, drawScene, type Scene } from './scenes.js';
import { classLabels, lookAlikes, outlineOf, place } from './shapes.js';

function digest(scene: Scene): string {
  return createHash('sha256').update(scene.data).update(JSON.stringify(scene.objects)).digest('hex');
}

test('a seed gives the same scene each time, another seed another', () => {
  const draw = (seed: number): string => digest(drawScene({ width: 160, height: 120, seed }));
  expect(draw(1)).toBe(draw(1));
  expect(draw(1)).not.toBe(draw(2));
});

test('boxes lie inside the picture and enclose something', () => {
  for (let seed = 0; seed < 20; seed++) {
    const scene = drawScene({ width: 120, height: 160, seed });
    for (const { box, label, class: index } of scene.objects) {
      const [x1, y1, x2, y2] = box;
      expect(classLabels[index]).toBe(label);
      expect([x1 >= 0, y1 >= 0, x2 <= 120, y2 <= 160, x2 > x1, y2 > y1]).not.toContain(false);
    }
  }
});

test('a portrait shows one shape, and every class comes up', () => {
  const labels = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const { objects } = drawPortrait({ width: 48, height: 48, seed });
    expect(objects).toHaveLength(1);
    labels.add(objects[0]?.label ?? '');
  }
  expect([...labels].sort()).toEqual([...classLabels].sort());
});

test('coverage adds up to the area of a polygon', () => {
  const square = rasterise(place(outlineOf('square', 0), 20.3, 19.6, 10, 0, 1));
  expect(square.coverage.reduce((total, share) => total + share, 0)).toBeCloseTo(256, -1);
  const ring = rasterise(place(outlineOf('ring', 0), 50, 50, 40, 0.3, 1));
  const area = Math.PI * 1600 * (0.95 ** 2 - 0.45 ** 2);
  expect(ring.coverage.reduce((total, share) => total + share, 0) / area).toBeCloseTo(1, 1);
});

test('every outline stays near its radius', () => {
  for (const kind of [...classLabels, ...lookAlikes]) {
    const reach = Math.max(
      ...outlineOf(kind, 1)
        .flat()
        .map(([x, y]) => Math.hypot(x, y)),
    );
    expect([kind, reach > 0.85 && reach < 1.7]).toEqual([kind, true]);
  }
});
