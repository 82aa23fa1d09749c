// Answers from what the store and the engine know. The daemon sends them, the command line prints the same.

import type { DetectedObject } from '../../runtime/index.js';
import type { Classified, Detected } from '../engine/messages.js';
import type { StoredModel } from '../store/store.js';
import type { ClassifyAnswer, DetectAnswer, ModelDetail, ModelSummary, StreamedModel, Timings } from './types.js';

/** Which model answered; version 0 is a file that is not installed. */
export interface Answerer {
  readonly name: string;
  readonly version: number;
}

export function detectAnswer({ name, version }: Answerer, { image, objects, ms }: Omit<Detected, 'pre'>): DetectAnswer {
  return { model: name, version, image, objects: objects.map(roundObject), ms: roundTimes(ms) };
}

export function classifyAnswer({ name, version }: Answerer, { classes, ms }: Classified): ClassifyAnswer {
  return { model: name, version, classes: classes.map(roundConfidence), ms: roundTimes(ms) };
}

/** @param defaults names of the models that answer for their tasks */
export function summarize({ name, version, record }: StoredModel, defaults: ReadonlySet<string>): ModelSummary {
  return { name, version, task: record.task, default: defaults.has(name), installedAt: record.installedAt };
}

/** @param defaults names of the models that answer for their tasks */
export function describeModel(model: StoredModel, defaults: ReadonlySet<string>): ModelDetail {
  const { digest, inputs, outputs, labels, head, device, report } = model.record;
  return { ...summarize(model, defaults), digest, inputs, outputs, labels, head, device, report };
}

/** @param times in ms; `loadedAt` and `usedAt` since the epoch */
export function loadedFacts(times: {
  readonly bytes: number;
  readonly loadMs: number;
  readonly loadedAt: number;
  readonly usedAt: number;
  readonly keepAliveMs: number | null;
}) {
  const { bytes, loadMs, loadedAt, usedAt, keepAliveMs } = times;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    memory: bytes,
    loadMs: round(loadMs, digits.time),
    loadedAt: iso(loadedAt),
    lastUsedAt: iso(usedAt),
    expiresAt: keepAliveMs === null ? null : iso(usedAt + keepAliveMs),
  };
}

export function streamedModel({ name, version, record }: StoredModel): StreamedModel {
  const [, second = 0, third = 0, fourth = 0] = record.inputs[0]?.shape ?? [];
  if (record.inputs[0]?.shape.length !== 4) return { name, version, device: record.device, input: null };
  // Channels are few, so where the second extent is larger they come last.
  const input = second <= 4 ? { w: fourth, h: third } : { w: third, h: second };
  return { name, version, device: record.device, input };
}

/** Digits after the point that mean something: microseconds, hundredths of a pixel, and what an f32 holds of a probability. */
const digits = { time: 3, length: 2, confidence: 6 } as const;

function roundObject(object: DetectedObject): DetectedObject {
  const { box, landmarks } = object;
  const length = (value: number): number => round(value, digits.length);
  const [x1, y1, x2, y2] = box;
  return {
    ...roundConfidence(object),
    box: [length(x1), length(y1), length(x2), length(y2)],
    ...(landmarks === undefined ? {} : { landmarks: landmarks.map(([x, y]) => [length(x), length(y)] as const) }),
  };
}

function roundConfidence<T extends { readonly confidence: number }>(found: T): T {
  return { ...found, confidence: round(found.confidence, digits.confidence) };
}

function roundTimes({ decode, queue, infer, post }: Timings): Timings {
  const time = (ms: number): number => round(ms, digits.time);
  return { decode: time(decode), queue: time(queue), infer: time(infer), post: time(post) };
}

function round(value: number, places: number): number {
  return Math.round(value * 10 ** places) / 10 ** places;
}
