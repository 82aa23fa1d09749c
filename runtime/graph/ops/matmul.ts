// Matrix product with numpy's rules: leading axes broadcast, a vector is a row on the left and a column on the right.

import { printType, type Shape, stridesOf } from '../../core/tensor.js';
import { define } from '../define.js';
import { matrix, multiply } from '../multiply.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { broadcastShapes, checkedType, checkSameDtype, refuse } from '../rules.js';
import { broadcastStrides, walk } from '../walk.js';

export const matmul = define<[a: 1, b: 1]>('matmul', [2, 2], {
  infer([a, b]) {
    // Weights of whole numbers may be stored as bytes.
    if (!(a.dtype === 'f32' && b.dtype === 'i8')) checkSameDtype('matmul', [a, b]);
    if (a.dtype === 'bool' || a.shape.length === 0 || b.shape.length === 0) {
      refuse('matmul', `does not take ${printType(a)} and ${printType(b)}`);
    }
    const [left, right] = [asRows(a.shape), asColumns(b.shape)];
    if (left.at(-1) !== right.at(-2)) refuse('matmul', `${printType(a)} and ${printType(b)} do not fit together`);
    const batch = broadcastShapes('matmul', left.slice(0, -2), right.slice(0, -2));
    const rows = a.shape.length > 1 ? [left.at(-2) as number] : [];
    const columns = b.shape.length > 1 ? [right.at(-1) as number] : [];
    return checkedType('matmul', a.dtype, [...batch, ...rows, ...columns]);
  },
  evaluate([a, b], _attributes, type) {
    const [left, right] = [asRows(a.shape), asColumns(b.shape)];
    const [rows, depth] = left.slice(-2) as [number, number];
    const columns = right.at(-1) as number;
    const batch = broadcastShapes('matmul', left.slice(0, -2), right.slice(0, -2));
    const [startsOfA, startsOfB] = [batchStarts(left, batch), batchStarts(right, batch)];
    const [valuesOfA, valuesOfB] = [numbersOf(a), numbersOf(b)];
    const to = roomFor(type);
    startsOfA.forEach((start, index) => {
      const ofA = matrix(valuesOfA, start, depth);
      const ofB = matrix(valuesOfB, startsOfB[index] as number, columns);
      multiply(to, index * rows * columns, ofA, ofB, [rows, depth, columns]);
    });
    return tensorFrom(type, to);
  },
});

function asRows(shape: Shape): Shape {
  return shape.length === 1 ? [1, ...shape] : shape;
}

function asColumns(shape: Shape): Shape {
  return shape.length === 1 ? [...shape, 1] : shape;
}

/** Where the matrix of each batch starts. */
function batchStarts(shape: Shape, batch: Shape): Int32Array {
  const own = shape.slice(0, -2);
  const matrixSize = stridesOf([1, ...shape.slice(-2)])[0] as number;
  return walk(batch, broadcastStrides(own, batch)).map((offset) => offset * matrixSize);
}
