// The number that decides whether a module is right.

import { type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { errorOf } from '../../runtime/module/compare.js';

function floats(...values: readonly number[]): Tensor {
  return tensorOf('f32', [values.length], values);
}

test('the error of floats is relative to the largest magnitude', () => {
  expect(errorOf(floats(1, 100), floats(2, 100))).toBe(0.01);
  expect(errorOf(floats(1, 2), floats(1, 2))).toBe(0);
  expect(errorOf(floats(0.5), floats(0))).toBe(0.5);
});

test('a number that only one has is an infinite error', () => {
  expect(errorOf(floats(Number.NaN), floats(1))).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf(floats(1), floats(Number.NaN))).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf(floats(1), floats(Number.POSITIVE_INFINITY))).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf(floats(Number.NaN, 1), floats(Number.NaN, 1))).toBe(0);
});

test('an infinite truth does not hide the error of the others', () => {
  expect(errorOf(floats(Number.POSITIVE_INFINITY, 1), floats(Number.POSITIVE_INFINITY, 2))).toBe(0.5);
});

test('the error of whole numbers is the share that differs', () => {
  expect(errorOf(tensorOf('i64', [4], [1, 2, 3, 400]), tensorOf('i64', [4], [1, 2, 3, 4]))).toBe(0.25);
});

test('what is missing or of another size differs', () => {
  expect(errorOf(undefined, floats(1))).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf(floats(1), floats(1, 1))).toBe(Number.POSITIVE_INFINITY);
});
