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
  const size = sizeOf(measure(box));
  return mapAxes(measure(box), (value, isExtent) => {
    const velocity = noise.startVelocity * (isExtent ? growth.velocity : 1);
    return startAxis(value, (noise.measured * size) ** 2, (velocity * size) ** 2);
  });
}

export function predictMotion(motion: Motion, seconds: number): Motion {
  const size = sizeOf(positionsOf(motion));
  return mapAxes(motion, (axis, isExtent) => {
    const positionDrift = noise.positionDrift * (isExtent ? growth.position : 1);
    const velocityDrift = noise.velocityDrift * (isExtent ? growth.velocity : 1);
    return predictAxis(axis, Math.min(seconds, predictedMaxS), {
      positionDrift: (positionDrift * size) ** 2,
      velocityDrift: (velocityDrift * size) ** 2,
    });
  });
}

/** @param doubt 0 for a detection as confident as usual, 1 for one without any confidence */
export function correctMotion(motion: Motion, box: Box, doubt: number): Motion {
  const variance = (noise.measured * sizeOf(positionsOf(motion))) ** 2 * (1 + doubtGrowth * doubt);
  const measured = measure(box);
  return mapAxes(motion, (axis, _, index) => correctAxis(axis, measured[index], variance));
}

/** The same motion without a change of size: what is not seen is not known to grow. */
export function keepSize([x, y, width, height]: Motion): Motion {
  return [x, y, { ...width, velocity: 0 }, { ...height, velocity: 0 }];
}

export function boxOf(motion: Motion): Box {
  const [x, y, width, height] = positionsOf(motion);
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

type Four<T> = readonly [T, T, T, T];

function mapAxes<T>(four: Four<T>, change: (value: T, isExtent: boolean, index: 0 | 1 | 2 | 3) => Axis): Motion {
  return [change(four[0], false, 0), change(four[1], false, 1), change(four[2], true, 2), change(four[3], true, 3)];
}

function measure([left, top, right, bottom]: Box): Four<number> {
  return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
}

function positionsOf([x, y, width, height]: Motion): Four<number> {
  return [x.position, y.position, Math.max(extentMin, width.position), Math.max(extentMin, height.position)];
}

/** The length that all noise is scaled by: square root of the area in pixels. */
function sizeOf([, , width, height]: Four<number>): number {
  return Math.sqrt(width * height);
}
