// The classification extension: an output is replaced by its highest values as texts `value:index[:label]`.

import { type Shape, viewBytes } from '../../runtime/index.js';
import type { TensorBytes } from '../engine/messages.js';
import { clip, invalid } from './errors.js';

export interface ClassificationOutput {
  readonly name: string;
  readonly shape: Shape;
  readonly texts: readonly string[];
}

/** More values are no classes but a picture or boxes, and sorting them would hold others up. */
const classesMax = 65_536;

/**
 * @param output of batch 1; all other axes are classes
 * @param labels by class; used if there is one for each
 * @param count of the highest values, capped at the number of classes
 * @throws OnboxError `request-invalid` if there are too many values
 */
export function classifyOutput(output: TensorBytes, labels: readonly string[], count: number): ClassificationOutput {
  const { name, dtype, shape, bytes } = output;
  const values = viewBytes(dtype, bytes);
  if (dtype === 'f16' || values.length > classesMax) {
    throw invalid(`output '${clip(name)}' is no classification: it has ${values.length} values of type ${dtype}`);
  }
  const isFloat = dtype === 'f32' || dtype === 'f64';
  const order = Array.from({ length: values.length }, (_, index) => index);
  order.sort((a, b) => compare(values[b] ?? 0, values[a] ?? 0) || a - b);
  const texts = order.slice(0, count).map((index) => {
    const label = labels.length === values.length ? `:${labels[index]}` : '';
    return `${printValue(values[index] ?? 0, isFloat)}:${index}${label}`;
  });
  const isBatched = shape.length > 1 && shape[0] === 1;
  return { name, shape: isBatched ? [1, texts.length] : [texts.length], texts };
}

/** NaN is below all numbers. */
function compare(a: number | bigint, b: number | bigint): number {
  if (a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a < b ? -1 : 1;
}

/** Six digits after the point, as C++'s std::to_string, which Triton uses. */
function printValue(value: number | bigint, isFloat: boolean): string {
  return isFloat && typeof value === 'number' ? value.toFixed(6) : String(value);
}

/** Elements of a BYTES tensor: u32 LE length and UTF-8, each. */
export function bytesElements(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.byteLength);
      return [length, bytes];
    }),
  );
}
