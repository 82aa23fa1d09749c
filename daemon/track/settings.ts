// What is looked for in a stream or session: which things count, and the zones and lines they are watched in.

import { checkScene, type Line, type Point, type Scene, type Zone } from '../../runtime/index.js';
import { type Fields, listOf, noMore, numberOf, objectOf, shown, textOf, textsOf, wrong } from './fields.js';

export interface WatchSettings {
  /** Undefined: 0.25, or 0.1 where faint detections help to continue tracks. */
  readonly minConfidence: number | undefined;
  /** The labels that are told; all if undefined. */
  readonly labels: readonly string[] | undefined;
  readonly scene: Scene;
}

export const watchAtFirst: WatchSettings = { minConfidence: undefined, labels: undefined, scene: { zones: [], lines: [] } };

/** Least confidence of a detection where nothing is asked for: faint ones help a track over a bad moment. */
export const minConfidences = { tracked: 0.1, untracked: 0.25 } as const;

/**
 * The settings after a change; what it does not name stays as it was.
 * @returns also the fields that are none of these settings
 * @throws OnboxError `bad-config`, `scene-bad`
 */
export function changeWatch(
  before: WatchSettings,
  fields: Fields,
): { readonly settings: WatchSettings; readonly others: Fields } {
  const { min_confidence: minConfidence, labels, zones, lines, ...others } = fields;
  const isScene = zones !== undefined || lines !== undefined;
  const scene: Scene = {
    zones: zones === undefined ? before.scene.zones : listOf(zones, 'zones', readZone),
    lines: lines === undefined ? before.scene.lines : listOf(lines, 'lines', readLine),
  };
  if (isScene) checkScene(scene);
  const settings: WatchSettings = {
    minConfidence: minConfidence === undefined ? before.minConfidence : numberOf(minConfidence, 'min_confidence', 0, 1),
    labels: labels === undefined ? before.labels : labels === null ? undefined : textsOf(labels, 'labels'),
    scene: isScene ? scene : before.scene,
  };
  return { settings, others };
}

/** @throws OnboxError `bad-config` naming a field that is left */
export function requireKnown(others: Fields): void {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw wrong(`unknown field ${shown(unknown)}`);
}

function readZone(value: unknown, where: string): Zone {
  const { name, points, dwell_s: dwellS, labels, ...rest } = objectOf(value, where);
  noMore(rest, where);
  return {
    name: textOf(name, `${where}.name`),
    points: listOf(points, `${where}.points`, readPoint),
    ...(dwellS === undefined ? {} : { dwellS: numberOf(dwellS, `${where}.dwell_s`, 0, Number.MAX_VALUE) }),
    ...(labels === undefined ? {} : { labels: textsOf(labels, `${where}.labels`) }),
  };
}

function readLine(value: unknown, where: string): Line {
  const { name, a, b, labels, ...rest } = objectOf(value, where);
  noMore(rest, where);
  return {
    name: textOf(name, `${where}.name`),
    a: readPoint(a, `${where}.a`),
    b: readPoint(b, `${where}.b`),
    ...(labels === undefined ? {} : { labels: textsOf(labels, `${where}.labels`) }),
  };
}

function readPoint(value: unknown, where: string): Point {
  const [x, y, ...rest] = listOf(value, where, (each, at) => numberOf(each, at, -Number.MAX_VALUE, Number.MAX_VALUE));
  if (x === undefined || y === undefined || rest.length > 0) throw wrong(`${where} wants two numbers`);
  return [x, y];
}
