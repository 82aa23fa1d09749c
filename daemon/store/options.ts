// Compile options as text, the way they come from the command line and from queries.

import { type CompileTarget, OnboxError, type Task } from '../../runtime/index.js';
import { printFact } from '../log.js';

const tasks: readonly Task[] = ['detect', 'classify', 'embed', 'other'];

/** Extents of an input that are worth a try; more is a typing mistake. */
const extentMax = 1_000_000;

/**
 * Input shapes such as `images=1x3x640x640`.
 * @throws OnboxError `option-invalid`
 */
export function parseInputShapes(texts: readonly string[]): Record<string, number[]> {
  // Tensor names are free text; "__proto__" must be a name like any other.
  const shapes: Record<string, number[]> = Object.create(null);
  for (const text of texts) {
    const match = /^(.{1,200})=([0-9]{1,7}(?:x[0-9]{1,7}){0,7})$/s.exec(text);
    const extents = match?.[2]?.split('x').map(Number) ?? [];
    if (match?.[1] === undefined || extents.some((extent) => extent < 1 || extent > extentMax)) {
      throw invalid(`an input's shape looks like NAME=1x3x640x640, got ${printFact(text.slice(0, 80))}`);
    }
    if (Object.hasOwn(shapes, match[1])) throw invalid(`the input ${printFact(match[1])} is given twice`);
    shapes[match[1]] = extents;
  }
  return { ...shapes };
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

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'option-invalid' });
}
