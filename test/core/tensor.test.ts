// Raw bytes as tensor data: shared where they are aligned, copied where they are not.

import { errorCode } from '../../runtime/core/error.js';
import { type TensorData, viewBytes } from '../../runtime/core/tensor.js';

const numbers = Float32Array.of(1.5, -2);

/** The bytes of `numbers`, `offset` bytes into a larger memory. */
function shifted(offset: number): Uint8Array {
  const memory = new Uint8Array(64);
  memory.set(new Uint8Array(numbers.buffer), offset);
  return memory.subarray(offset, offset + numbers.byteLength);
}

function asNumbers(data: TensorData): number[] {
  return Array.from(data, Number);
}

test('aligned bytes are shared, not copied', () => {
  const bytes = shifted(8);
  const view = viewBytes('f32', bytes);
  expect(asNumbers(view)).toEqual([1.5, -2]);
  expect(view.buffer).toBe(bytes.buffer);
});

test.each([1, 2, 3])('bytes that begin %d past a multiple of 4 are copied, of a Buffer too', (offset) => {
  const bytes = shifted(offset);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(asNumbers(viewBytes('f32', bytes))).toEqual([1.5, -2]);
  expect(asNumbers(viewBytes('f32', buffer))).toEqual([1.5, -2]);
});

test('bytes that are no whole number of elements are refused with both numbers', () => {
  expect(() => viewBytes('i64', new Uint8Array(12))).toThrow('12 bytes are not a whole number of i64 elements of 8 bytes');
  expect(errorCode(catching(() => viewBytes('i64', new Uint8Array(12))))).toBe('tensor-bytes');
});

function catching(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
