// The record of an installed model: what the daemon must know without opening the module. JSON on disk beside the ONNX.

import { type CompileTarget, OnboxError, type PlaceWish, type Precision, type Task } from '../../runtime/index.js';
import type { TensorFacts } from '../api/types.js';

/** The format of the record; another one means a newer or older onbox wrote it. */
export const recordFormat = 1;

/** What the model's owner chose. Kept so that the module can be rebuilt from its ONNX in the same way. */
export interface CompileOptions {
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
  /** Shapes of the same inputs for further sizes of the picture. */
  readonly otherInputs?: readonly Readonly<Record<string, readonly number[]>>[];
  /** Values to end the model at. */
  readonly cut?: readonly string[];
  readonly task?: Task;
  readonly head?: string;
  readonly labels?: readonly string[];
  readonly threads?: number;
  /** Without algorithms that round more than the sums of the model do. */
  readonly exact?: boolean;
  /** float32 where it is absent. */
  readonly precision?: Precision;
  /** The CPU where it is absent. */
  readonly target?: CompileTarget;
  /** Which part goes to an NPU; none where it is absent. */
  readonly place?: PlaceWish;
}

export interface ModelRecord {
  readonly format: number;
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the ONNX file, hex. */
  readonly digest: string;
  readonly task: Task;
  readonly labels: readonly string[];
  readonly head: string | null;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly device: string;
  /** True for the demonstration models that come with onbox; any other model of the task is preferred to them. */
  readonly embedded: boolean;
  readonly options: CompileOptions;
  readonly report: Readonly<Record<string, unknown>>;
  /**
   * Models count from 1 in the order in which their names were first installed; a later version keeps the number of the first. A clock
   * may jump, this does not. Records of older versions of onbox have none, which means before all others.
   */
  readonly order?: number;
  /** Random, of this very installation. Records of older versions of onbox have none. */
  readonly id?: string;
  /** ISO 8601, UTC. */
  readonly installedAt: string;
}

/** What tells one installation from every other, whatever the clock says: a version of a model that was removed may be used again. */
export function identityOf({ id, version, digest, installedAt }: ModelRecord): string {
  return id ?? `${version} ${digest} ${installedAt}`;
}

/** What kind of thing runs the model. */
export function deviceOf({ device }: ModelRecord): 'cpu' | 'gpu' {
  return device === 'cpu' ? 'cpu' : 'gpu';
}

/**
 * Reads a record and checks every field that the daemon relies on.
 * @throws OnboxError `record-damaged` naming the field
 */
export function parseRecord(text: string, name: string, version: number): ModelRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OnboxError(`the record of model "${name}" version ${version} is not JSON`, { code: 'record-damaged', cause });
  }
  const wrong = firstWrongField(value, name, version);
  if (wrong !== undefined) {
    throw new OnboxError(`the record of model "${name}" version ${version} has a wrong "${wrong}"`, { code: 'record-damaged' });
  }
  return value as ModelRecord;
}

const tasks: readonly unknown[] = ['detect', 'classify', 'embed', 'other'];

function firstWrongField(value: unknown, name: string, version: number): string | undefined {
  if (!isObject(value)) return 'object';
  const checks: readonly (readonly [field: string, holds: boolean])[] = [
    ['format', value['format'] === recordFormat],
    ['name', value['name'] === name],
    ['version', value['version'] === version],
    ['digest', typeof value['digest'] === 'string' && /^[0-9a-f]{64}$/.test(value['digest'])],
    ['task', tasks.includes(value['task'])],
    ['labels', Array.isArray(value['labels']) && value['labels'].every((label) => typeof label === 'string')],
    ['head', value['head'] === null || typeof value['head'] === 'string'],
    ['inputs', Array.isArray(value['inputs']) && value['inputs'].every(isTensorFacts)],
    ['outputs', Array.isArray(value['outputs']) && value['outputs'].every(isTensorFacts)],
    ['device', typeof value['device'] === 'string'],
    ['embedded', typeof value['embedded'] === 'boolean'],
    ['options', isObject(value['options'])],
    ['report', isObject(value['report'])],
    ['order', value['order'] === undefined || Number.isSafeInteger(value['order'])],
    ['id', value['id'] === undefined || (typeof value['id'] === 'string' && /^[0-9a-f]{32}$/.test(value['id']))],
    ['installedAt', typeof value['installedAt'] === 'string'],
  ];
  return checks.find(([, holds]) => !holds)?.[0];
}

function isTensorFacts(value: unknown): boolean {
  return (
    isObject(value) && typeof value['name'] === 'string' && typeof value['dtype'] === 'string' && Array.isArray(value['shape'])
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
