// What is watched in a stream: zones and lines in coordinates of the picture from 0 to 1, so that they outlive a change of its size.
// They come from clients: `checkScene` stands before everything else.

import { OnboxError } from '../core/error.js';
import type { Point } from './geometry.js';

/** A polygon. A thing is in it by the bottom centre of its box: where it stands. */
export interface Zone {
  readonly name: string;
  /** From 0 to 1; the last is joined to the first. */
  readonly points: readonly Point[];
  /** Seconds that a thing must stay before it counts as inside; 0 if left out. */
  readonly dwellS?: number;
  /** Only things of these names count; all if left out. */
  readonly labels?: readonly string[];
}

/** A line that is crossed from its left hand, seen from a to b in the picture, to its right: `a>b`; or back: `b>a`. */
export interface Line {
  readonly name: string;
  /** From 0 to 1. */
  readonly a: Point;
  readonly b: Point;
  /** Only things of these names count; all if left out. */
  readonly labels?: readonly string[];
}

export interface Scene {
  readonly zones: readonly Zone[];
  readonly lines: readonly Line[];
}

export const sceneLimits = {
  zonesMax: 64,
  linesMax: 64,
  pointsMax: 64,
  nameMax: 64,
  labelsMax: 256,
  dwellSMax: 86_400,
} as const;

/** @throws OnboxError `scene-bad` that names the zone or line and what is wrong with it */
export function checkScene({ zones, lines }: Scene): void {
  checkCount('zones', zones.length, 0, sceneLimits.zonesMax);
  checkCount('lines', lines.length, 0, sceneLimits.linesMax);
  checkNames('zone', zones);
  checkNames('line', lines);
  for (const zone of zones) {
    const title = `zone ${JSON.stringify(zone.name)}`;
    checkCount(`points of ${title}`, zone.points.length, 3, sceneLimits.pointsMax);
    for (const point of zone.points) checkPoint(title, point);
    checkLabels(title, zone.labels);
    const dwellS = zone.dwellS ?? 0;
    if (!(dwellS >= 0 && dwellS <= sceneLimits.dwellSMax)) {
      fail(`${title} wants a dwell time from 0 to ${sceneLimits.dwellSMax} seconds, got ${dwellS}`);
    }
  }
  for (const line of lines) {
    const title = `line ${JSON.stringify(line.name)}`;
    checkPoint(title, line.a);
    checkPoint(title, line.b);
    checkLabels(title, line.labels);
    if (line.a[0] === line.b[0] && line.a[1] === line.b[1]) fail(`${title} ends where it begins, at ${JSON.stringify(line.a)}`);
  }
}

function checkNames(what: string, things: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of things) {
    const shown = JSON.stringify(name.slice(0, sceneLimits.nameMax));
    if (name === '' || name.length > sceneLimits.nameMax) {
      fail(`the name of a ${what} has 1 to ${sceneLimits.nameMax} characters, ${shown} has ${name.length}`);
    }
    if (seen.has(name)) fail(`there are two ${what}s with the name ${shown}`);
    seen.add(name);
  }
}

function checkPoint(title: string, point: Point): void {
  if (point.length === 2 && point.every((value) => value >= 0 && value <= 1)) return;
  fail(`${title} wants points of two numbers from 0 to 1, got ${JSON.stringify(point.slice(0, 4))}`);
}

function checkLabels(title: string, labels: readonly string[] | undefined): void {
  if (labels !== undefined) checkCount(`labels of ${title}`, labels.length, 1, sceneLimits.labelsMax);
}

function checkCount(what: string, count: number, min: number, max: number): void {
  if (count < min || count > max) fail(`${what}: ${min} to ${max} are allowed, got ${count}`);
}

function fail(message: string): never {
  throw new OnboxError(message, { code: 'scene-bad' });
}
