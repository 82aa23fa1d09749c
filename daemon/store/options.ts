// Compile options as text, the way they come from the command line and from queries.

import { type CompileTarget, OnboxError, type Precision, precisions, type Task } from '../../runtime/index.js';
import { printFact } from '../log.js';
import type { CompileOptions } from './record.js';

const tasks: readonly Task[] = ['detect', 'classify', 'embed', 'other'];

/** Extents of an input that are worth a try; more is a typing mistake. */
const extentMax = 1_000_000;

/** Sizes that a model may be compiled for side by side; each takes the time of a compile and the memory of a module. */
const sizesMax = 8;

/**
 * Input shapes such as `images=1x3x640x640`. An input that comes again asks for one more size of the model.
 * @throws OnboxError `option-invalid`
 */
export function parseInputShapes(texts: readonly string[]): Pick<CompileOptions, 'inputs' | 'otherInputs'> {
  // Tensor names are free text; "__proto__" must be a name like any other.
  const sizes: Record<string, number[]>[] = [];
  for (const text of texts) {
    const match = /^(.{1,200})=([0-9]{1,7}(?:x[0-9]{1,7}){0,7})$/s.exec(text);
    const extents = match?.[2]?.split('x').map(Number) ?? [];
    const name = match?.[1];
    if (name === undefined || extents.some((extent) => extent < 1 || extent > extentMax)) {
      throw invalid(`an input's shape looks like NAME=1x3x640x640, got ${printFact(text.slice(0, 80))}`);
    }
    const index = sizes.filter((size) => Object.hasOwn(size, name)).length;
    if (index >= sizesMax) throw invalid(`the input ${printFact(name)} is given more than ${sizesMax} times`);
    const size = sizes[index] ?? Object.create(null);
    size[name] = extents;
    sizes[index] = size;
  }
  const [inputs, ...others] = sizes.map((size) => ({ ...sizes[0], ...size }));
  return {
    ...(inputs === undefined ? {} : { inputs }),
    ...(others.length === 0 ? {} : { otherInputs: others }),
  };
}

/** @throws OnboxError `option-invalid` */
export function parseTask(text: string): Task {
  const task = tasks.find((known) => known === text);
  if (task === undefined) throw invalid(`a task is one of ${tasks.join(', ')}, got ${printFact(text.slice(0, 80))}`);
  return task;
}

const targets: Readonly<Record<string, CompileTarget>> = { cpu: 'cpu', opencl: 'opencl', mali: 'opencl' };

/** Any OpenCL device is meant by `mali`. @throws OnboxError `option-invalid` */
export function parseTarget(text: string): CompileTarget {
  const target = Object.hasOwn(targets, text) ? targets[text] : undefined;
  if (target !== undefined) return target;
  throw invalid(`a target is one of ${Object.keys(targets).join(', ')}, got ${printFact(text.slice(0, 80))}`);
}

/** @throws OnboxError `option-invalid` */
export function parsePrecision(text: string): Precision {
  const precision = precisions.find((known) => known === text);
  if (precision !== undefined) return precision;
  throw invalid(`a precision is one of ${precisions.join(', ')}, got ${printFact(text.slice(0, 80))}`);
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'option-invalid' });
}
