// One measured candidate as a line of JSON, and its way back, field by field: a line may come from another box or another version.

import type { Choice } from './choice.js';
import type { Schedule, Step } from './steps.js';

/** `wrong`: it computed something else than the program says. `failed`: it could not be compiled. */
export type Outcome = (typeof outcomes)[number];

const outcomes = ['ok', 'wrong', 'crashed', 'timeout', 'failed'] as const;

export interface TuningRecord {
  readonly format: typeof recordFormat;
  /** `taskKey` of the program. */
  readonly task: string;
  /** Fingerprint of the device. */
  readonly device: string;
  /** That it was measured with. */
  readonly threads: number;
  readonly choice: Choice;
  readonly steps: Schedule;
  readonly outcome: Outcome;
  /** Of one run, corrected for the drift of the machine; 0 where the outcome is not ok. */
  readonly nanoseconds: number;
  /** Version of the compiler. */
  readonly compiler: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export const recordFormat = 1;

/** Characters. */
const lineMax = 65_536;
const stepsMax = 200;
const loopsMax = 32;
const numberMax = 2 ** 31;

export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a line of JSON of this format; undefined if it is torn, or of another format. */
export function parseFields(line: string): Fields | undefined {
  if (line.length > lineMax) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isFields(value) && value['format'] === recordFormat ? value : undefined;
}

/** The record that the fields of a line make; undefined if they make none. */
export function tuningRecordOf(value: Fields): TuningRecord | undefined {
  const { task, device, threads, outcome, nanoseconds, compiler, at } = value;
  const choice = choiceOf(value['choice']);
  const steps = stepsOf(value['steps']);
  const known = outcomes.find((candidate) => candidate === outcome);
  if (choice === undefined || steps === undefined || known === undefined) return undefined;
  if (!isText(task, /^[0-9a-f]{64}$/) || !isText(device, /^[\w.-]{1,80}$/) || !isWhole(threads) || threads < 1)
    return undefined;
  if (typeof nanoseconds !== 'number' || !(nanoseconds >= 0) || !Number.isFinite(nanoseconds)) return undefined;
  if (known === 'ok' && nanoseconds === 0) return undefined;
  if (!isText(compiler, /^[\w.+-]{1,40}$/) || !isText(at, /^[\d:.TZ-]{1,40}$/)) return undefined;
  return { format: recordFormat, task, device, threads, choice, steps, outcome: known, nanoseconds, compiler, at };
}

function choiceOf(value: unknown): Choice | undefined {
  if (!isFields(value)) return undefined;
  const { vector, fused, swapped, lines, rows, columns, turned, unrolled, chunks } = value;
  if (typeof vector !== 'boolean' || typeof fused !== 'boolean' || typeof swapped !== 'boolean') return undefined;
  if (!isWhole(lines) || !isWhole(rows) || !isWhole(columns) || !isWhole(turned) || !isWhole(unrolled) || !isWhole(chunks)) {
    return undefined;
  }
  return { vector, fused, swapped, lines, rows, columns, turned, unrolled, chunks };
}

function stepsOf(value: unknown): Schedule | undefined {
  if (!Array.isArray(value) || value.length > stepsMax) return undefined;
  const steps = value.map(stepOf);
  return steps.includes(undefined) ? undefined : (steps as Step[]);
}

function stepOf(value: unknown): Step | undefined {
  if (!isFields(value)) return undefined;
  const { step, loop, factor, outer, inner, name, loops, at, buffer, dimension, group } = value;
  switch (step) {
    case 'split':
      if (!isName(loop) || !isWhole(factor) || !isName(outer) || !isName(inner)) return undefined;
      return { step, loop, factor, outer, inner };
    case 'fuse':
      return isName(outer) && isName(inner) && isName(name) ? { step, outer, inner, name } : undefined;
    case 'reorder':
      return areNames(loops) ? { step, loops } : undefined;
    case 'cut':
      return isName(loop) && isWhole(at) ? { step, loop, at } : undefined;
    case 'pack':
      return isName(buffer) && areNames(loops) ? { step, buffer, loops } : undefined;
    case 'sink':
    case 'dot':
    case 'rfactor':
    case 'vectorize':
    case 'unroll':
    case 'parallel':
      return isName(loop) ? { step, loop } : undefined;
    case 'bind':
      if (!isName(loop) || !isWhole(group) || (dimension !== 0 && dimension !== 1 && dimension !== 2)) return undefined;
      return { step, loop, dimension, group };
    default:
      return undefined;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** A name of a loop or buffer, which the code generator writes into C. */
function isName(value: unknown): value is string {
  return isText(value, /^[a-z][a-z0-9]{0,31}$/);
}

function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= loopsMax && value.every(isName);
}

export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= numberMax;
}
