// MatMul and Gemm.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const matmul: Importers = {
  Gemm: importGemm,
  MatMul: (call) => call.emit('matmul', [call.input(0), call.input(1)]),
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
