// Quantised operators, and those of ONNX Runtime's own domain that its quantiser writes. levels.ts says how sums stay exact.

import { type Dtype, printType } from '../../core/tensor.js';
import { numbersOf } from '../../graph/numbers.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { scaledOf, scaledValue, sumOfProducts, toFloat } from '../levels.js';
import { dtypeByCode, typeName } from '../model.js';
import { readWindow } from '../window.js';

export const quantize: Importers = {
  ConvInteger: importConvInteger,
  DequantizeLinear: (call) => importLinear(call, (axis) => fromLevels(call, call.input(0), levelsOf(call, 1, 2), axis)),
  DynamicQuantizeLinear: importDynamic,
  MatMulInteger: importMatMulInteger,
  QLinearConv: importConv,
  QLinearMatMul: importMatMul,
  QuantizeLinear: (call) => importLinear(call, (axis) => toLevels(call, call.input(0), levelsOf(call, 1, 2), axis)),
};

/** Of the domain com.microsoft. */
export const microsoft: Importers = {
  QLinearAdd: (call) => importBinary(call, 'add'),
  QLinearMul: (call) => importBinary(call, 'mul'),
  QLinearConcat: importConcat,
  QLinearGlobalAveragePool: importGlobalPool,
  QLinearLeakyRelu: (call) => importUnary(call, (x) => call.emit('leaky-relu', [x], { alpha: call.number('alpha', 0.01) })),
  QLinearSigmoid: (call) => importUnary(call, (x) => call.emit('sigmoid', [x])),
};

/** value = (level - zero) * scale: scalars, or one of each along an axis. */
interface Levels {
  readonly scale: Value;
  readonly zero: Value | undefined;
  readonly dtype: Dtype;
}

/** Levels made here: their whole numbers without the zero point, which is known. */
interface Made {
  readonly numbers: Value;
  readonly zero: number;
}

const made = new WeakMap<Value, Made>();

/** @param fallback the type of levels without a zero point */
function levelsOf(call: OnnxCall, scale: number, zero: number, fallback: Dtype = 'u8'): Levels {
  const zeroPoint = call.inputs[zero];
  return { scale: call.input(scale), zero: zeroPoint, dtype: zeroPoint?.type.dtype ?? fallback };
}

const limits: Readonly<Partial<Record<Dtype, readonly [min: number, max: number]>>> = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65_535],
  i16: [-32_768, 32_767],
};

function importLinear(call: OnnxCall, translate: (axis: number) => Value): Value {
  const { shape } = call.input(0).type;
  const isPerAxis = call.input(1).type.shape.length > 0 && shape.length > 0;
  return translate(isPerAxis ? call.axis(call.number('axis', 1), shape.length) : 0);
}

function fromLevels(call: OnnxCall, x: Value, { scale, zero }: Levels, axis: number): Value {
  const { numbers, max } = centered(call, x, zero, axis);
  const value = scaledValue(call, numbers, along(call, toFloat(call, scale), x, axis), max);
  return scale.type.dtype === 'f32' ? value : call.emit('cast', [value], { to: scale.type.dtype });
}

/** The levels without their zero point, as whole numbers of f32. */
function centered(call: OnnxCall, x: Value, zero: Value | undefined, axis: number): { numbers: Value; max: number } {
  const [low, high] = limits[x.type.dtype] ?? [0, Number.POSITIVE_INFINITY];
  const known = made.get(x);
  if (known !== undefined && known.zero === onlyNumber(zero)) return { numbers: known.numbers, max: high - low };
  const whole = call.emit('cast', [x], { to: 'i32' });
  const isAtZero =
    zero === undefined || (zero.constant !== undefined && numbersOf(zero.constant).every((value) => value === 0));
  const shifted = isAtZero ? whole : call.emit('sub', [whole, along(call, call.emit('cast', [zero], { to: 'i32' }), x, axis)]);
  return { numbers: toFloat(call, shifted), max: high - low };
}

/** The one number of a constant; 0 if it was left out, undefined if there are several or none is known. */
function onlyNumber(value: Value | undefined): number | undefined {
  if (value === undefined) return 0;
  const numbers = value.constant && numbersOf(value.constant);
  return numbers?.length === 1 ? numbers[0] : undefined;
}

function toLevels(call: OnnxCall, x: Value, levels: Levels, axis: number): Value {
  const dtype = levels.zero === undefined ? declaredDtype(call) : levels.dtype;
  const scale = along(call, toFloat(call, levels.scale), x, axis);
  const own = scaledOf(x);
  const steps =
    own === undefined
      ? call.emit('div', [toFloat(call, x), scale])
      : call.emit('mul', [own.numbers, call.emit('div', [own.factor, scale])]);
  return settle(call, steps, levels.zero === undefined ? undefined : along(call, levels.zero, x, axis), dtype);
}

/** Steps from the zero point, rounded to even, as levels of `dtype`. */
function settle(call: OnnxCall, steps: Value, zero: Value | undefined, dtype: Dtype): Value {
  const range = limits[dtype];
  if (range === undefined) throw call.invalid(`levels of type ${dtype}, which onbox does not quantise to`);
  const rounded = call.emit('round', [steps]);
  const at = onlyNumber(zero);
  if (zero !== undefined && at === undefined) {
    const shifted = call.emit('add', [rounded, toFloat(call, zero)]);
    return call.emit('cast', [call.emit('clip', [shifted], { min: range[0], max: range[1] })], { to: dtype });
  }
  const offset = at ?? 0;
  const numbers = call.emit('clip', [rounded], { min: range[0] - offset, max: range[1] - offset });
  const shifted = offset === 0 ? numbers : call.emit('add', [numbers, call.scalar('f32', offset)]);
  const result = call.emit('cast', [shifted], { to: dtype });
  made.set(result, { numbers, zero: offset });
  return result;
}

function declaredDtype(call: OnnxCall): Dtype {
  const code = call.number('output_dtype', 0);
  if (code === 0) return 'u8';
  const dtype = dtypeByCode[code];
  if (dtype === undefined) throw call.invalid(`levels of type ${typeName(code)}, which onbox does not have`);
  return dtype;
}

/** Numbers along one axis of `x`, so that they broadcast; scalars as they are, and those of blocks (block_size) an element each. */
function along(call: OnnxCall, numbers: Value, x: Value, axis: number): Value {
  const { shape } = numbers.type;
  if (shape.length === 0) return numbers;
  const block = call.number('block_size', 0);
  if (block > 0 && shape.length > 1) return spreadBlocks(call, numbers, x, axis, block);
  if (shape.length > 1) throw call.invalid(`scales and zero points of rank ${shape.length} are not supported`);
  if (shape[0] === 1) return call.reshape(numbers, []);
  if (shape[0] !== x.type.shape[axis]) {
    throw call.invalid(`${shape[0]} scales or zero points do not fit axis ${axis} of ${printType(x.type)}`);
  }
  return call.reshape(
    numbers,
    x.type.shape.map((extent, i) => (i === axis ? extent : 1)),
  );
}

/** Numbers of blocks along `axis`, each repeated for the elements of its block; the last block may be shorter. */
function spreadBlocks(call: OnnxCall, numbers: Value, x: Value, axis: number, block: number): Value {
  const { shape } = x.type;
  const wanted = shape.map((extent, i) => (i === axis ? Math.ceil(extent / block) : extent));
  if (numbers.type.shape.join() !== wanted.join()) {
    throw call.invalid(`scales or zero points [${numbers.type.shape}] do not fit the blocks [${wanted}]`);
  }
  const split = [...wanted.slice(0, axis + 1), 1, ...wanted.slice(axis + 1)];
  const repeated = call.emit('expand', [call.reshape(numbers, split)], {
    shape: split.map((extent, i) => (i === axis + 1 ? block : extent)),
  });
  const long = call.reshape(
    repeated,
    wanted.map((extent, i) => (i === axis ? extent * block : extent)),
  );
  if (long.type.shape[axis] === shape[axis]) return long;
  return call.emit('slice', [long], { starts: shape.map(() => 0), steps: shape.map(() => 1), sizes: [...shape] });
}

/** x, xs, xz, w, ws, wz, ys, yz, bias: the products of levels are summed, and the sum is brought to the levels of the result. */
function importConv(call: OnnxCall): Value {
  const [from, weights, to] = [levelsOf(call, 1, 2), levelsOf(call, 4, 5), levelsOf(call, 6, 7)];
  const sum = sumOfWindow(call, call.input(0), from.zero, call.input(3), weights.zero, call.inputs[8]);
  const gain = call.emit('mul', [toFloat(call, from.scale), along(call, toFloat(call, weights.scale), sum, 1)]);
  return requantize(call, sum, gain, to);
}

function importMatMul(call: OnnxCall): Value {
  const [left, right, to] = [levelsOf(call, 1, 2), levelsOf(call, 4, 5), levelsOf(call, 6, 7)];
  const sum = sumOfMatrices(call, call.input(0), left.zero, call.input(3), right.zero);
  const rank = sum.type.shape.length;
  const ofRight = along(call, toFloat(call, right.scale), sum, rank - 1);
  const gain = call.emit('mul', [along(call, toFloat(call, left.scale), sum, Math.max(0, rank - 2)), ofRight]);
  return requantize(call, sum, gain, to);
}

function requantize(call: OnnxCall, sum: Value, gain: Value, { scale, zero, dtype }: Levels): Value {
  return settle(call, call.emit('mul', [toFloat(call, sum), call.emit('div', [gain, toFloat(call, scale)])]), zero, dtype);
}

function sumOfWindow(
  call: OnnxCall,
  x: Value,
  zeroOfX: Value | undefined,
  w: Value,
  zeroOfW: Value | undefined,
  bias: Value | undefined,
): Value {
  const [, ...window] = w.type.shape;
  const { strides, pads, dilations } = readWindow(call, x.type.shape.slice(2), w.type.shape.slice(2));
  if (x.type.shape.length !== 4) throw call.invalid('integer convolutions have two spatial axes here');
  return sumOfProducts(call, {
    op: 'conv',
    attributes: { group: call.number('group', 1), strides, pads, dilations },
    a: centered(call, x, zeroOfX, 1),
    b: centered(call, w, zeroOfW, 0),
    ...(bias === undefined ? {} : { bias: toFloat(call, bias) }),
    terms: window.reduce((product, extent) => product * extent, 1),
  });
}

function sumOfMatrices(call: OnnxCall, a: Value, zeroOfA: Value | undefined, b: Value, zeroOfB: Value | undefined): Value {
  return sumOfProducts(call, {
    op: 'matmul',
    attributes: {},
    a: centered(call, a, zeroOfA, Math.max(0, a.type.shape.length - 2)),
    b: centered(call, b, zeroOfB, b.type.shape.length - 1),
    terms: a.type.shape.at(-1) ?? 1,
  });
}

function importConvInteger(call: OnnxCall): Value {
  const sum = sumOfWindow(call, call.input(0), call.inputs[2], call.input(1), call.inputs[3], undefined);
  return asWhole(call, sum);
}

function importMatMulInteger(call: OnnxCall): Value {
  const sum = sumOfMatrices(call, call.input(0), call.inputs[2], call.input(1), call.inputs[3]);
  return asWhole(call, sum);
}

function asWhole(call: OnnxCall, sum: Value): Value {
  return sum.type.dtype === 'i32' ? sum : call.emit('cast', [sum], { to: 'i32' });
}

/** The levels of x by its own extremes, 0 among them: y, scale, zero point. */
function importDynamic(call: OnnxCall): Value[] {
  const x = call.input(0);
  const axes = x.type.shape.map((_, axis) => axis);
  const zero = call.scalar('f32', 0);
  const extreme = (reduce: string, choose: string): Value => {
    const found = axes.length === 0 ? x : call.emit(reduce, [x], { axes, keepDims: false });
    return call.emit(choose, [found, zero]);
  };
  const [low, high] = [extreme('reduce-min', 'min'), extreme('reduce-max', 'max')];
  const scale = call.emit('div', [call.emit('sub', [high, low]), call.scalar('f32', 255)]);
  const zeroPoint = settle(call, call.emit('neg', [call.emit('div', [low, scale])]), undefined, 'u8');
  return [toLevels(call, x, { scale, zero: zeroPoint, dtype: 'u8' }, 0), scale, zeroPoint];
}

/** a, as, az, b, bs, bz, ys, yz. */
function importBinary(call: OnnxCall, op: string): Value {
  const a = fromLevels(call, call.input(0), levelsOf(call, 1, 2), 0);
  const b = fromLevels(call, call.input(3), levelsOf(call, 4, 5), 0);
  return toLevels(call, call.emit(op, [a, b]), levelsOf(call, 6, 7, call.input(0).type.dtype), 0);
}

/** x, xs, xz, ys, yz. */
function importUnary(call: OnnxCall, apply: (x: Value) => Value): Value {
  const x = fromLevels(call, call.input(0), levelsOf(call, 1, 2), 0);
  return toLevels(call, apply(x), levelsOf(call, 3, 4, call.input(0).type.dtype), 0);
}

function importGlobalPool(call: OnnxCall): Value {
  const rank = call.input(0).type.shape.length;
  const isLast = call.flag('channels_last', false);
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + (isLast ? 1 : 2));
  return importUnary(call, (x) => call.emit('reduce-mean', [x], { axes, keepDims: true }));
}

/** ys, yz, then x, xs, xz of every part. */
function importConcat(call: OnnxCall): Value {
  const count = Math.floor((call.inputs.length - 2) / 3);
  const parts = Array.from({ length: count }, (_, i) => {
    const at = 2 + 3 * i;
    return fromLevels(call, call.input(at), levelsOf(call, at + 1, at + 2), 0);
  });
  const [first] = parts;
  if (first === undefined) throw call.invalid('there is nothing to concatenate');
  const axis = call.axis(call.number('axis'), first.type.shape.length);
  return toLevels(call, call.emit('concat', parts, { axis }), levelsOf(call, 0, 1), 0);
}
