// What onnxruntime's optimizer writes: operators of com.microsoft that stand for several of ONNX's own. They are taken apart again;
// onbox fuses what its own compiler profits from.

import type { Importer, Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { conv } from './conv.js';
import { matmul } from './matmul.js';
import { layerNorm } from './normalization.js';

/** Of the domain com.microsoft. */
export const fused: Importers = {
  BiasGelu: (call) => gelu(call, call.emit('add', [call.input(0), call.input(1)]), 'none'),
  FastGelu: (call) => {
    const [x, bias] = [call.input(0), call.inputs[1]];
    return gelu(call, bias ? call.emit('add', [x, bias]) : x, 'tanh');
  },
  FusedConv: (call) => {
    const [sum, added] = [single(conv['Conv'], call), call.inputs[3]];
    return activate(call, added ? call.emit('add', [sum, added]) : sum);
  },
  FusedGemm: (call) => activate(call, single(matmul['Gemm'], call)),
  FusedMatMul: importFusedMatMul,
  Gelu: (call) => gelu(call, call.input(0), 'none'),
  QuickGelu: (call) => {
    const x = call.input(0);
    const scaled = call.emit('mul', [x, call.scalar(x.type.dtype, call.number('alpha', 1.702))]);
    return call.emit('mul', [x, call.emit('sigmoid', [scaled])]);
  },
  SkipLayerNormalization: importSkipLayerNorm,
};

function single(importer: Importer | undefined, call: OnnxCall): Value {
  const result = importer?.(call);
  if (result === undefined || !('type' in result)) throw call.invalid('it has several outputs');
  return result;
}

function gelu(call: OnnxCall, x: Value, approximate: 'none' | 'tanh'): Value {
  return call.emit('gelu', [x], { approximate });
}

/** Convolutions list the parameters of the function, products name them. */
function activate(call: OnnxCall, x: Value): Value {
  const name = call.text('activation', '');
  const [first, second] = call.numbers('activation_params') ?? [];
  const parameter = (key: 'alpha' | 'beta', listed: number | undefined, fallback: number) =>
    call.number(`activation_${key}`, listed ?? fallback);
  switch (name) {
    case '':
      return x;
    case 'Relu':
      return call.emit('relu', [x]);
    case 'Sigmoid':
      return call.emit('sigmoid', [x]);
    case 'Tanh':
      return call.emit('tanh', [x]);
    case 'LeakyRelu':
      return call.emit('leaky-relu', [x], { alpha: parameter('alpha', first, 0.01) });
    case 'HardSigmoid':
      return call.emit('hard-sigmoid', [x], { alpha: parameter('alpha', first, 0.2), beta: parameter('beta', second, 0.5) });
    case 'Clip':
      return call.emit('clip', [x], { min: first ?? Number.NEGATIVE_INFINITY, max: second ?? Number.POSITIVE_INFINITY });
    default:
      throw call.invalid(`it has no activation ${JSON.stringify(name)}`);
  }
}

function importFusedMatMul(call: OnnxCall): Value {
  if (call.flag('transBatchA', false) || call.flag('transBatchB', false)) throw call.invalid('transBatch is not supported');
  const turned = (x: Value, isTurned: boolean): Value => {
    const rank = x.type.shape.length;
    const permutation = x.type.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    return isTurned && rank > 1 ? call.emit('transpose', [x], { permutation }) : x;
  };
  const factors = [turned(call.input(0), call.flag('transA', false)), turned(call.input(1), call.flag('transB', false))];
  const product = call.emit('matmul', factors);
  const alpha = call.number('alpha', 1);
  return alpha === 1 ? product : call.emit('mul', [product, call.scalar(product.type.dtype, alpha)]);
}

/** The fourth output is the sum that was normalised. */
function importSkipLayerNorm(call: OnnxCall): Value[] {
  const [scale, bias, added] = [call.input(2), call.inputs[3], call.inputs[4]];
  const skipped = call.emit('add', [call.input(0), call.input(1)]);
  const sum = added ? call.emit('add', [skipped, added]) : skipped;
  const [y, mean = sum, deviation = sum] = layerNorm(
    call,
    [sum, scale, bias],
    sum.type.shape.length - 1,
    call.number('epsilon', 1e-5),
  );
  return [y, mean, deviation, sum];
}
