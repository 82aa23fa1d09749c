// Elementwise operators: most are the canonical one under another name, some only with their attributes' defaults.

import type { Attributes } from '../../graph/graph.js';
import type { Importer, Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

const unary = {
  Abs: 'abs',
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Erf: 'erf',
  Exp: 'exp',
  Floor: 'floor',
  HardSwish: 'hard-swish',
  IsNaN: 'is-nan',
  Log: 'log',
  Mish: 'mish',
  Neg: 'neg',
  Not: 'not',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Round: 'round',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Softsign: 'softsign',
  Sqrt: 'sqrt',
  Tan: 'tan',
  Tanh: 'tanh',
};

const binary = {
  Add: 'add',
  And: 'and',
  Div: 'div',
  Equal: 'equal',
  Greater: 'greater',
  GreaterOrEqual: 'greater-equal',
  Less: 'less',
  LessOrEqual: 'less-equal',
  Mul: 'mul',
  Or: 'or',
  PRelu: 'prelu',
  Sub: 'sub',
  Xor: 'xor',
};

/** Attributes with the defaults of the ONNX operator schemas. */
const parametric: Readonly<Record<string, { readonly kind: string; readonly defaults: Readonly<Record<string, number>> }>> = {
  Elu: { kind: 'elu', defaults: { alpha: 1 } },
  HardSigmoid: { kind: 'hard-sigmoid', defaults: { alpha: 0.2, beta: 0.5 } },
  LeakyRelu: { kind: 'leaky-relu', defaults: { alpha: 0.01 } },
  Selu: { kind: 'selu', defaults: { alpha: 1.6732631921768188, gamma: 1.0507010221481323 } },
  ThresholdedRelu: { kind: 'thresholded-relu', defaults: { alpha: 1 } },
};

export const elementwise: Importers = {
  ...tableOf(unary, (kind) => (call) => call.emit(kind, [call.input(0)])),
  ...tableOf(binary, (kind) => (call) => call.emit(kind, [call.input(0), call.input(1)])),
  ...tableOf(parametric, ({ kind, defaults }) => (call) => {
    const attributes = Object.entries(defaults).map(([name, value]) => [name, call.number(name, value)] as const);
    return call.emit(kind, [call.input(0)], Object.fromEntries(attributes) as Attributes);
  }),
  Gelu: (call) => call.emit('gelu', [call.input(0)], { approximate: call.choice('approximate', ['none', 'tanh'], 'none') }),
  Mod: (call) => call.emit('mod', [call.input(0), call.input(1)], { fmod: call.flag('fmod', false) }),
  IsInf: importIsInf,
  Shrink: importShrink,
  Swish: importSwish,
  Where: (call) => call.emit('where', [call.input(0), call.input(1), call.input(2)]),
  Pow: importPow,
  Celu: importCelu,
  Sum: (call) => chain(call, 'add'),
  Min: (call) => chain(call, 'min'),
  Max: (call) => chain(call, 'max'),
  Mean: (call) => call.emit('div', [chain(call, 'add'), call.scalar(call.input(0).type.dtype, call.inputs.length)]),
};

function tableOf<T>(entries: Readonly<Record<string, T>>, importer: (entry: T) => Importer): Importers {
  return Object.fromEntries(Object.entries(entries).map(([op, entry]) => [op, importer(entry)]));
}

/** The result has the base's type; where only the exponent is a float, the power is computed in it. */
function importPow(call: OnnxCall): Value {
  const base = call.input(0);
  const exponent = call.input(1);
  const [from, to] = [base.type.dtype, exponent.type.dtype];
  if (from === to) return call.emit('pow', [base, exponent]);
  if (from.startsWith('f')) return call.emit('pow', [base, call.emit('cast', [exponent], { to: from })]);
  const wide = to.startsWith('f') ? to : 'f64';
  const power = call.emit('pow', [call.emit('cast', [base], { to: wide }), call.emit('cast', [exponent], { to: wide })]);
  return call.emit('cast', [power], { to: from });
}

/** celu(x) = alpha * elu(x / alpha) with elu's own alpha at 1. */
function importCelu(call: OnnxCall): Value {
  const x = call.input(0);
  const alpha = call.scalar(x.type.dtype, call.number('alpha', 1));
  return call.emit('mul', [call.emit('elu', [call.emit('div', [x, alpha])], { alpha: 1 }), alpha]);
}

/** Either sign of infinity may be left out. */
function importIsInf(call: OnnxCall): Value {
  const x = call.input(0);
  const isSign = (name: string, limit: number) =>
    call.flag(name, true) ? call.emit('equal', [x, call.scalar(x.type.dtype, limit)]) : call.emit('less', [x, x]);
  return call.emit('or', [
    isSign('detect_positive', Number.POSITIVE_INFINITY),
    isSign('detect_negative', Number.NEGATIVE_INFINITY),
  ]);
}

/** Towards 0 by `bias` outside of -lambd..lambd, and 0 inside. */
function importShrink(call: OnnxCall): Value {
  const x = call.input(0);
  const number = (value: number) => call.scalar(x.type.dtype, value);
  const [limit, bias] = [call.number('lambd', 0.5), number(call.number('bias', 0))];
  const below = call.emit('where', [call.emit('less', [x, number(-limit)]), call.emit('add', [x, bias]), number(0)]);
  return call.emit('where', [call.emit('greater', [x, number(limit)]), call.emit('sub', [x, bias]), below]);
}

/** x sigmoid(alpha x). */
function importSwish(call: OnnxCall): Value {
  const x = call.input(0);
  const scaled = call.emit('mul', [x, call.scalar(x.type.dtype, call.number('alpha', 1))]);
  return call.emit('mul', [x, call.emit('sigmoid', [scaled])]);
}

function chain(call: OnnxCall, kind: string): Value {
  return call.inputs.slice(1).reduce((sum: Value, _, index) => call.emit(kind, [sum, call.input(index + 1)]), call.input(0));
}
