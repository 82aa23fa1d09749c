// What a client may change about its stream, and what it says of it: the text messages, checked field by field.

import { checkScene, type Line, OnboxError, type Point, type Scene, type Zone } from '../../runtime/index.js';
import { printFact } from '../log.js';

export interface StreamSettings {
  /** `latest`: a newer frame replaces the one that waits. `all`: every frame is answered, and the client keeps within its credit. */
  readonly policy: 'latest' | 'all';
  /** Frames that may be unanswered under `all`. */
  readonly credit: number;
  /** Undefined: 0.25, or 0.1 where faint detections help to continue tracks. */
  readonly minConfidence: number | undefined;
  readonly track: boolean;
  readonly scene: Scene;
  /** The labels that are told; all if undefined. */
  readonly labels: ReadonlySet<string> | undefined;
}

export const settingsAtFirst: StreamSettings = {
  policy: 'latest',
  credit: 2,
  minConfidence: undefined,
  track: true,
  scene: { zones: [], lines: [] },
  labels: undefined,
};

const creditMax = 16;
const labelsMax = 256;

export type ClientMessage =
  | { readonly type: 'config'; readonly seq: number; readonly change: Partial<StreamSettings> }
  | { readonly type: 'image'; readonly base64: string };

type Fields = Readonly<Record<string, unknown>>;

/** @throws OnboxError `bad-message`, `bad-config` or `scene-bad`; its details hold the message's `seq` if it had one */
export function readMessage(text: string): ClientMessage {
  const fields = objectOf(parse(text), 'a message', 'bad-message');
  if (typeof fields['image'] === 'string' && fields['type'] === undefined) return { type: 'image', base64: fields['image'] };
  if (fields['type'] !== 'config') {
    throw new OnboxError(`the type of a message is "config", got ${shown(fields['type'])}`, { code: 'bad-message' });
  }
  const seq = numberOf(fields['seq'] ?? 0, 'seq', 0, Number.MAX_SAFE_INTEGER, true);
  try {
    return { type: 'config', seq, change: readChange(fields) };
  } catch (error) {
    if (error instanceof OnboxError) throw new OnboxError(error.message, { code: error.code, cause: error, details: { seq } });
    throw error;
  }
}

/** @throws OnboxError `bad-config`, `scene-bad` */
function readChange(fields: Fields): Partial<StreamSettings> {
  const change: { -readonly [K in keyof StreamSettings]?: StreamSettings[K] } = {};
  let zones: readonly Zone[] | undefined;
  let lines: readonly Line[] | undefined;
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'type' || name === 'seq') continue;
    else if (name === 'policy') change.policy = oneOf(value, name, ['latest', 'all'] as const);
    else if (name === 'credit') change.credit = numberOf(value, name, 1, creditMax, true);
    else if (name === 'min_confidence') change.minConfidence = numberOf(value, name, 0, 1);
    else if (name === 'track') change.track = truthOf(value, name);
    else if (name === 'labels') change.labels = value === null ? undefined : new Set(textsOf(value, name));
    else if (name === 'zones') zones = listOf(value, name, readZone);
    else if (name === 'lines') lines = listOf(value, name, readLine);
    else throw wrong(`unknown field ${shown(name)}`);
  }
  if (zones === undefined && lines === undefined) return change;
  const scene: Scene = { zones: zones ?? [], lines: lines ?? [] };
  checkScene(scene);
  return { ...change, scene };
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
  if (x === undefined || y === undefined || rest.length > 0) throw wrong(`${where} wants two numbers, got ${shown(value)}`);
  return [x, y];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OnboxError('the message is not JSON', { code: 'bad-message', cause });
  }
}

function objectOf(value: unknown, where: string, code = 'bad-config'): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new OnboxError(`${where} is an object, got ${shown(value)}`, { code });
}

function noMore(rest: Fields, where: string): void {
  const [name] = Object.keys(rest);
  if (name !== undefined) throw wrong(`unknown field ${shown(name)} of ${where}`);
}

function listOf<T>(value: unknown, where: string, read: (each: unknown, where: string) => T): T[] {
  if (!Array.isArray(value) || value.length > labelsMax) {
    throw wrong(`${where} wants a list of at most ${labelsMax}, got ${shown(value)}`);
  }
  return value.map((each, i) => read(each, `${where}[${i}]`));
}

function textsOf(value: unknown, where: string): string[] {
  return listOf(value, where, textOf);
}

function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw wrong(`${where} wants a text, got ${shown(value)}`);
}

function truthOf(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(`${where} wants true or false, got ${shown(value)}`);
}

function numberOf(value: unknown, where: string, min: number, max: number, whole = false): number {
  if (typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw wrong(`${where} wants a ${whole ? 'whole ' : ''}number from ${min} to ${max}, got ${shown(value)}`);
}

function oneOf<T extends string>(value: unknown, where: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (choice !== undefined) return choice;
  throw wrong(`${where} wants ${choices.join(' or ')}, got ${shown(value)}`);
}

function shown(value: unknown): string {
  return printFact(value).slice(0, 80);
}

function wrong(message: string): OnboxError {
  return new OnboxError(message, { code: 'bad-config' });
}
