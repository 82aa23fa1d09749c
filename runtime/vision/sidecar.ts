// The sidecar MODEL.onbox.json: what a person knows of a model and its file does not say. JSON; every field may be left out:
//   {
//     "task": "detect" | "classify" | "embed" | "other",
//     "head": "yolox"                                   a file name of vision/heads; or {"kind": ..., "parameters": {...}}
//     "labels": ["person", "bicycle"],
//     "image": {
//       "input": "images",                              the graph input that takes the picture
//       "colors": "rgb" | "bgr" | "gray",               order of the model's channels
//       "mean": 127 | [104, 117, 123],                  in units of pixels 0..255, by channel of the model in its order,
//       "std": 128 | [57.4, 57.1, 58.4],                or one number for all: the model sees (pixel - mean) / std
//       "fit": "letterbox" | "stretch" | "crop",
//       "anchor": "center" | "top-left",                where a letterboxed picture lies
//       "fill": 114,                                    grey of the letterbox border, 0..255
//       "cropShare": 0.875                              share of the shorter side that a crop keeps, above 0, at most 1
//     }
//   }

import { readFile, stat } from 'node:fs/promises';
import { OnboxError } from '../core/error.js';
import type { HeadSpec, ImageInput, Task } from '../module/manifest.js';
import { cleanLabels } from './labels.js';

/** What flags and sidecar say about the picture; `mean` and `std` of one number count for every channel. */
export type ImageOverrides = Partial<Omit<ImageInput, 'width' | 'height' | 'channelsLast'>>;

/** What flags and sidecar say; it goes before every guess. */
export interface Overrides {
  readonly task?: Task;
  /** A kind of vision/heads. */
  readonly head?: string;
  /** Replace single numbers of the head that the graph gave. */
  readonly headParameters?: HeadSpec['parameters'];
  readonly labels?: readonly string[];
  readonly image?: ImageOverrides;
}

/** 32,768 labels fit. */
export const sidecarBytesMax = 4 << 20;

const tasks = ['detect', 'classify', 'embed', 'other'] as const;

/** `models/x.onnx` has its sidecar at `models/x.onbox.json`. */
export function sidecarPath(modelPath: string): string {
  return `${modelPath.replace(/\.onnx$/i, '')}.onbox.json`;
}

/**
 * The sidecar beside a model file, undefined if there is none.
 * @throws OnboxError `sidecar-invalid`
 */
export async function readSidecar(modelPath: string): Promise<Overrides | undefined> {
  const path = sidecarPath(modelPath);
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return undefined;
  if (!facts.isFile()) throw invalid(`sidecar ${JSON.stringify(path)} is no regular file`);
  if (facts.size > sidecarBytesMax) {
    throw invalid(`sidecar ${JSON.stringify(path)} has ${facts.size} bytes, at most ${sidecarBytesMax} are accepted`);
  }
  return parseSidecar(await readFile(path, 'utf8'));
}

/**
 * @param text JSON as the head of this file says
 * @throws OnboxError `sidecar-invalid` naming the field, what it may be and what it is
 */
export function parseSidecar(text: string): Overrides {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OnboxError('the sidecar is not JSON', { code: 'sidecar-invalid', cause });
  }
  const sidecar = fieldsOf('the sidecar', value, ['task', 'head', 'labels', 'image']);
  const head = sidecar['head'] === undefined ? undefined : parseHead(sidecar['head']);
  return defined({
    task: optional(sidecar['task'], (task) => oneOf('task', task, tasks)),
    head: head?.kind,
    headParameters: head?.parameters,
    labels: optional(sidecar['labels'], parseLabelList),
    image: optional(sidecar['image'], parseImage),
  });
}

/** Flags go before the sidecar, field by field. */
export function mergeOverrides(first: Overrides, second: Overrides | undefined): Overrides {
  if (second === undefined) return first;
  const merged: Overrides = { ...second, ...first };
  return first.image === undefined && second.image === undefined
    ? merged
    : { ...merged, image: { ...second.image, ...first.image } };
}

function parseImage(value: unknown): ImageOverrides {
  const image = fieldsOf('image', value, ['input', 'colors', 'mean', 'std', 'fit', 'anchor', 'fill', 'cropShare']);
  return defined({
    input: optional(image['input'], (input) => textIn('image.input', input)),
    colors: optional(image['colors'], (colors) => oneOf('image.colors', colors, ['rgb', 'bgr', 'gray'] as const)),
    mean: optional(image['mean'], (mean) => numbersIn('image.mean', mean)),
    std: optional(image['std'], (std) => numbersIn('image.std', std)),
    fit: optional(image['fit'], (fit) => oneOf('image.fit', fit, ['letterbox', 'stretch', 'crop'] as const)),
    anchor: optional(image['anchor'], (anchor) => oneOf('image.anchor', anchor, ['center', 'top-left'] as const)),
    fill: optional(image['fill'], (fill) => numberIn('image.fill', fill)),
    cropShare: optional(image['cropShare'], (share) => numberIn('image.cropShare', share)),
  });
}

function parseHead(value: unknown): { kind: string; parameters?: HeadSpec['parameters'] } {
  if (typeof value === 'string') return { kind: value };
  const head = fieldsOf('head', value, ['kind', 'parameters']);
  const kind = textIn('head.kind', head['kind']);
  if (head['parameters'] === undefined) return { kind };
  const parameters = Object.entries(recordOf('head.parameters', head['parameters']));
  for (const [key, parameter] of parameters) {
    if (!isParameter(parameter)) throw wrong(`head.parameters.${key}`, 'a number, text, boolean or a list of them', parameter);
  }
  return { kind, parameters: Object.fromEntries(parameters) as HeadSpec['parameters'] };
}

function isParameter(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return true;
  if (!Array.isArray(value)) return false;
  return value.every((item) => typeof item === 'number') || value.every((item) => typeof item === 'string');
}

function parseLabelList(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every((label) => typeof label === 'string')) {
    throw wrong('labels', 'a list of texts', value);
  }
  return cleanLabels(value);
}

function recordOf(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field, 'an object', value);
  return value as Record<string, unknown>;
}

function fieldsOf(field: string, value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  const record = recordOf(field, value);
  const unknown = Object.keys(record).find((key) => !known.includes(key));
  if (unknown === undefined) return record;
  throw invalid(`${field} has the unknown field ${print(unknown)}; it may have ${known.join(', ')}`);
}

function oneOf<const T extends string>(field: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw wrong(field, choices.map((candidate) => `"${candidate}"`).join(' or '), value);
}

function textIn(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(field, 'a text', value);
}

function numberIn(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrong(field, 'a number', value);
}

function numbersIn(field: string, value: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length !== 1 && list.length !== 3) throw wrong(field, 'one number or a list of three', value);
  return list.map((item) => numberIn(field, item));
}

function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : parse(value);
}

/** Without the fields that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function wrong(field: string, want: string, value: unknown): OnboxError {
  return invalid(`${field} should be ${want}, it is ${print(value)}`);
}

/** A foreign value, cut and escaped for a message. */
function print(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`;
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'sidecar-invalid' });
}
