// How a box moves: a Kalman filter of its centre, width and height, whose noise grows with the size of the box, since what is near
// moves by more pixels than what is far. Time is in seconds, so that nothing here knows a frame rate.

import type { Box } from './box.js';
import { type Axis, correctAxis, predictAxis, startAxis } from './kalman.js';

/** Where a box is and how it moves: centre x, centre y, width, height. */
export type Motion = readonly [x: Axis, y: Axis, width: Axis, height: Axis];

/** Standard deviations in sizes of the box, which is the square root of its area; those of drift after a second. */
const noise = { measured: 0.12, startVelocity: 2, positionDrift: 0.15, velocityDrift: 0.75 } as const;

/** A box grows slower than it moves: the factors of its drift in position and velocity. */
const growth = { position: 0.1, velocity: 0.3 } as const;

/** How much the measured variance grows for a detection that is worth nothing (NSA Kalman of GIAOTracker, 2021, in its spirit). */
const doubtGrowth = 2;

/** Longer pauses say nothing about where a thing went: it is where a second would have taken it. In seconds. */
const predictedMaxS = 1;

/** Least extent of a predicted box, which may otherwise shrink to nothing and beyond. In pixels. */
const extentMin = 1;

export function startMotion(box: Box): Motion {
  const [x, y, width, height] = measure(box);
  const size = Math.sqrt(width * height);
  const variance = (noise.measured * size) ** 2;
  const speed = (noise.startVelocity * size) ** 2;
  const growthSpeed = speed * growth.velocity ** 2;
  return [
    startAxis(x, variance, speed),
    startAxis(y, variance, speed),
    startAxis(width, variance, growthSpeed),
    startAxis(height, variance, growthSpeed),
  ];
}

export function predictMotion(motion: Motion, seconds: number): Motion {
  const size = sizeOf(motion);
  const span = Math.min(seconds, predictedMaxS);
  const place = { positionDrift: (noise.positionDrift * size) ** 2, velocityDrift: (noise.velocityDrift * size) ** 2 };
  const extent = {
    positionDrift: place.positionDrift * growth.position ** 2,
    velocityDrift: place.velocityDrift * growth.velocity ** 2,
  };
  return [
    predictAxis(motion[0], span, place),
    predictAxis(motion[1], span, place),
    predictAxis(motion[2], span, extent),
    predictAxis(motion[3], span, extent),
  ];
}

/** @param doubt 0 for a detection as confident as usual, 1 for one without any confidence */
export function correctMotion(motion: Motion, box: Box, doubt: number): Motion {
  const variance = (noise.measured * sizeOf(motion)) ** 2 * (1 + doubtGrowth * doubt);
  const [x, y, width, height] = measure(box);
  return [
    correctAxis(motion[0], x, variance),
    correctAxis(motion[1], y, variance),
    correctAxis(motion[2], width, variance),
    correctAxis(motion[3], height, variance),
  ];
}

/** The same motion without a change of size: what is not seen is not known to grow. */
export function keepSize([x, y, width, height]: Motion): Motion {
  return [x, y, { ...width, velocity: 0 }, { ...height, velocity: 0 }];
}

export function boxOf(motion: Motion): Box {
  const [x, y] = [motion[0].position, motion[1].position];
  const width = extentOf(motion[2]);
  const height = extentOf(motion[3]);
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

function measure([left, top, right, bottom]: Box): readonly [x: number, y: number, width: number, height: number] {
  return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
}

function extentOf({ position }: Axis): number {
  return Math.max(extentMin, position);
}

/** The length that all noise is scaled by: square root of the area in pixels. */
function sizeOf(motion: Motion): number {
  return Math.sqrt(extentOf(motion[2]) * extentOf(motion[3]));
}
