// Which detections a tracker takes. A number that is none would spread from one box to all that it is compared with, so that
// such detections are left out; a tracker never throws because of what a model says.

import type { DetectedObject } from '../vision/boxes.js';

/** Farther from the origin there is no picture, and differences lose their precision. In pixels. */
const coordinateMax = 1e6;

/** Thinner boxes have no area to speak of. In pixels. */
const extentMin = 0.01;

/** Confidences of any scale are taken, such as percents (see confidence.ts); beyond this their squares say nothing. */
const confidenceMax = 1e6;

/** More than any picture shows: the weakest of the others are left out. */
const objectsMax = 500;

/** Whether an object has a class, a confidence of 0 or more, and a box of finite corners in their order that has an area. */
export function isUsable({ class: kind, confidence, box }: DetectedObject): boolean {
  const [left, top, right, bottom] = box;
  return (
    Number.isInteger(kind) &&
    confidence >= 0 &&
    confidence <= confidenceMax &&
    box.every((value) => Math.abs(value) <= coordinateMax) &&
    right - left >= extentMin &&
    bottom - top >= extentMin
  );
}

/** The most confident objects, in their order. Of equals the earlier ones stay. */
export function strongest(objects: readonly DetectedObject[]): readonly DetectedObject[] {
  if (objects.length <= objectsMax) return objects;
  const kept = new Set([...objects].sort((a, b) => b.confidence - a.confidence).slice(0, objectsMax));
  return objects.filter((object) => kept.has(object));
}
