// MatMul and Gemm.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { alongAxis, isScalar, scaledOf, scaledValue, sumOfProducts, toFloat } from '../levels.js';

export const matmul: Importers = {
  Gemm: importGemm,
  MatMul: (call) => matmulOfLevels(call) ?? call.emit('matmul', [call.input(0), call.input(1)]),
};

function importGemm(call: OnnxCall): Value {
  const [a, b, c] = [call.input(0), call.input(1), call.inputs[2]];
  return call.emit('gemm', c ? [a, b, c] : [a, b], {
    alpha: call.number('alpha', 1),
    beta: call.number('beta', 1),
    transA: call.flag('transA', false),
    transB: call.flag('transB', false),
  });
}

/** Where both matrices came in levels: the exact sum of their products, and its factor. */
function matmulOfLevels(call: OnnxCall): Value | undefined {
  const [a, b] = [scaledOf(call.input(0)), scaledOf(call.input(1))];
  const [left, right] = [call.input(0).type.shape, call.input(1).type.shape];
  if (a === undefined || b === undefined || !isScalar(a.factor) || right.length !== 2) return undefined;
  const isOfColumns = isScalar(b.factor) || b.factor.type.shape.at(-1) === right[1];
  const perColumn = isOfColumns ? alongAxis(call, b.factor, 0, 1) : undefined;
  if (perColumn === undefined) return undefined;
  const sum = sumOfProducts(call, { op: 'matmul', attributes: {}, a, b, terms: left.at(-1) ?? 1 });
  return scaledValue(
    call,
    toFloat(call, sum),
    call.emit('mul', [call.reshape(a.factor, []), perColumn]),
    Number.POSITIVE_INFINITY,
  );
}
