// What the algorithms of one convolution took, as a line of JSON among the records of schedules, and its way back.

import type { WinogradFacts } from '../graph/passes/winograd.js';
import type { WinogradTile } from '../graph/winograd.js';
import { type Fields, isFields, isText, isWhole, recordFormat } from './record.js';

/** `direct`: the sum as it stands; a number: Winograd with output tiles of so many lines and columns. */
export type Algorithm = 'direct' | WinogradTile;

export const algorithms: readonly Algorithm[] = ['direct', 2, 4, 6];

/** Nanoseconds of all programs of a convolution by algorithm; those that were not measured are absent. */
export type AlgorithmTimes = { readonly [A in Algorithm]?: number };

export interface AlgorithmRecord {
  readonly format: typeof recordFormat;
  /** 3x3, stride 1. */
  readonly convolution: WinogradFacts;
  /** Fingerprint of the device, and the threads that it was measured with. */
  readonly device: string;
  readonly threads: number;
  readonly nanoseconds: AlgorithmTimes;
  /** Version of the compiler. */
  readonly compiler: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Equal for convolutions that are measured alike. */
export function convolutionKey({ channels, outputs, height, width }: WinogradFacts): string {
  return [channels, outputs, height, width].join('x');
}

/** The record that the fields of a line make; undefined if they make none. */
export function algorithmRecordOf(fields: Fields): AlgorithmRecord | undefined {
  const { convolution, device, threads, nanoseconds, compiler, at } = fields;
  if (!isFields(convolution) || !isFields(nanoseconds)) return undefined;
  const { channels, outputs, height, width } = convolution;
  if (!isExtent(channels) || !isExtent(outputs) || !isExtent(height) || !isExtent(width)) return undefined;
  if (!isText(device, /^[\w.-]{1,80}$/) || !isExtent(threads)) return undefined;
  if (!isText(compiler, /^[\w.+-]{1,40}$/) || !isText(at, /^[\d:.TZ-]{1,40}$/)) return undefined;
  const times = timesOf(nanoseconds);
  if (times === undefined) return undefined;
  return {
    format: recordFormat,
    convolution: { channels, outputs, height, width },
    device,
    threads,
    nanoseconds: times,
    compiler,
    at,
  };
}

function timesOf(fields: Fields): AlgorithmTimes | undefined {
  const times: { [A in Algorithm]?: number } = {};
  for (const algorithm of algorithms) {
    const value = fields[algorithm];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) return undefined;
    times[algorithm] = value;
  }
  return times;
}

function isExtent(value: unknown): value is number {
  return isWhole(value) && value > 0;
}
