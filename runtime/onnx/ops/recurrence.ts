// LSTM, GRU and RNN. For each direction, what the inputs add to the gates is one matrix product over all steps; the steps themselves
// are the operator `recurrence`.

import { tensorOf } from '../../core/tensor.js';
import { type Activation, activationCounts, activations, type Cell } from '../../graph/ops/recurrence.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const recurrence: Importers = {
  LSTM: (call) => importRecurrence(call, 'lstm'),
  GRU: (call) => importRecurrence(call, 'gru'),
  RNN: (call) => importRecurrence(call, 'rnn'),
};

const usual: Readonly<Record<Cell, readonly Activation[]>> = {
  lstm: ['sigmoid', 'tanh', 'tanh'],
  gru: ['sigmoid', 'tanh'],
  rnn: ['tanh'],
};

/** What a function's parameters are where the model gives none; those without have no use for any. */
const defaults: Partial<Readonly<Record<Activation, readonly [alpha: number, beta?: number]>>> = {
  affine: [1, 0],
  leakyrelu: [0.01],
  thresholdedrelu: [1],
  scaledtanh: [1, 1],
  hardsigmoid: [0.2, 0.5],
  elu: [1],
};

/** Extents: steps, batch, numbers of an input, units. */
interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly width: number;
  readonly hidden: number;
}

function importRecurrence(call: OnnxCall, cell: Cell): Value[] {
  const isBatchFirst = call.flag('layout', false);
  const x = isBatchFirst ? transpose(call, call.input(0), [1, 0, 2]) : call.input(0);
  const weights = call.input(1);
  if (x.type.shape.length !== 3 || weights.type.shape.length !== 3) throw call.invalid('its input and weights have three axes');
  const [steps = 1, batch = 1, width = 1] = x.type.shape;
  const sizes = { steps, batch, width, hidden: call.input(2).type.shape.at(-1) ?? 1 };
  const direction = call.choice('direction', ['forward', 'reverse', 'bidirectional'], 'forward');
  const count = direction === 'bidirectional' ? 2 : 1;
  if (weights.type.shape[0] !== count)
    throw call.invalid(`it is ${direction}, its weights are for ${weights.type.shape[0]} directions`);
  const named = namedActivations(call, cell, count);
  const ways = Array.from({ length: count }, (_, way) => {
    const attributes = {
      cell,
      reverse: direction === 'reverse' || way === 1,
      resetAfter: cell === 'gru' && call.flag('linear_before_reset', false),
      coupled: cell === 'lstm' && call.flag('input_forget', false),
      clip: call.number('clip', Number.POSITIVE_INFINITY),
      ...(named[way] as NamedActivations),
    };
    return call.emitAll('recurrence', inputsOf(call, x, sizes, way, attributes), attributes);
  });
  // Of each direction [steps,batch,hidden] and [batch,hidden].
  const joined = [0, 1, 2].map((output) => {
    const parts = ways.map((way) => {
      const value = way[output] as Value;
      return call.reshape(value, output === 0 ? [steps, 1, batch, sizes.hidden] : [1, batch, sizes.hidden]);
    });
    return concat(call, parts, output === 0 ? 1 : 0);
  });
  const outputs = cell === 'lstm' ? joined : joined.slice(0, 2);
  if (!isBatchFirst) return outputs;
  return outputs.map((value, output) => transpose(call, value, output === 0 ? [2, 0, 1, 3] : [1, 0, 2]));
}

/** The inputs of the operator `recurrence` for one direction. */
function inputsOf(
  call: OnnxCall,
  x: Value,
  { steps, batch, width, hidden }: Sizes,
  way: number,
  { cell, resetAfter }: { readonly cell: Cell; readonly resetAfter: boolean },
): Value[] {
  const { dtype } = x.type;
  const [, , , bias, lengths, firstState, firstCell, peepholes] = call.inputs;
  const pick = (value: Value) => part(call, value, 0, way, 1);
  const zeros = (shape: readonly number[]) => call.fold(dtype, shape, () => tensorOf(dtype, shape, []));
  const matrix = (value: Value) => call.reshape(pick(value), value.type.shape.slice(1));
  const weights = matrix(call.input(1));
  const wide = weights.type.shape[0] ?? 1;
  const both = bias === undefined ? zeros([2 * wide]) : call.reshape(pick(bias), [2 * wide]);
  const [own, ofState] = [part(call, both, 0, 0, wide), part(call, both, 0, wide, wide)];
  // A reset gate that acts on the product of the state acts on its bias too; every other bias is added once for all.
  const last = (value: Value, isKept: boolean) => mask(call, value, wide - hidden, isKept);
  const early = resetAfter ? call.emit('add', [own, last(ofState, false)]) : call.emit('add', [own, ofState]);
  const late = resetAfter ? last(ofState, true) : zeros([wide]);
  const rows = call.reshape(x, [steps * batch, width]);
  const product = call.emit('add', [call.emit('matmul', [rows, transpose(call, weights, [1, 0])]), early]);
  const state = (value: Value | undefined) => {
    if (value === undefined) return zeros([batch, hidden]);
    const first = call.flag('layout', false) ? transpose(call, value, [1, 0, 2]) : value;
    return call.reshape(pick(first), [batch, hidden]);
  };
  return [
    call.reshape(product, [steps, batch, wide]),
    transpose(call, matrix(call.input(2)), [1, 0]),
    late,
    state(firstState),
    state(cell === 'lstm' ? firstCell : undefined),
    cell === 'lstm' && peepholes !== undefined ? call.reshape(pick(peepholes), [3 * hidden]) : zeros([3 * hidden]),
    lengths ?? call.fold('i32', [batch], () => tensorOf('i32', [batch], new Array(batch).fill(steps))),
  ];
}

interface NamedActivations {
  readonly activations: readonly Activation[];
  readonly alphas: readonly number[];
  readonly betas: readonly number[];
}

/** The functions of each direction. Parameters are listed for those alone that take them. */
function namedActivations(call: OnnxCall, cell: Cell, directions: number): NamedActivations[] {
  const per = activationCounts[cell];
  const names = call.has('activations')
    ? call.texts('activations')
    : Array.from({ length: directions }, () => usual[cell]).flat();
  if (names.length !== per * directions)
    throw call.invalid(`it names ${names.length} activations, and has ${per * directions}`);
  const [alphas, betas] = [[...(call.numbers('activation_alpha') ?? [])], [...(call.numbers('activation_beta') ?? [])]];
  const all = names.map((text) => {
    const name = activations.find((each) => each === text.toLowerCase());
    if (name === undefined)
      throw call.invalid(`it has no activation ${JSON.stringify(text)}; there are ${activations.join(', ')}`);
    const [alpha, beta] = defaults[name] ?? [];
    return {
      name,
      alpha: alpha === undefined ? 0 : (alphas.shift() ?? alpha),
      beta: beta === undefined ? 0 : (betas.shift() ?? beta),
    };
  });
  return Array.from({ length: directions }, (_, way) => {
    const own = all.slice(way * per, (way + 1) * per);
    return {
      activations: own.map(({ name }) => name),
      alphas: own.map(({ alpha }) => alpha),
      betas: own.map(({ beta }) => beta),
    };
  });
}

function transpose(call: OnnxCall, x: Value, permutation: readonly number[]): Value {
  return call.emit('transpose', [x], { permutation });
}

function concat(call: OnnxCall, parts: readonly Value[], axis: number): Value {
  return parts.length === 1 ? (parts[0] as Value) : call.emit('concat', parts, { axis });
}

/** `size` elements of an axis from `start` on. */
function part(call: OnnxCall, x: Value, axis: number, start: number, size: number): Value {
  const { shape } = x.type;
  return call.emit('slice', [x], {
    starts: shape.map((_, i) => (i === axis ? start : 0)),
    steps: shape.map(() => 1),
    sizes: shape.map((extent, i) => (i === axis ? size : extent)),
  });
}

/** A vector with zeros before `start`, or from there on. */
function mask(call: OnnxCall, x: Value, start: number, isKept: boolean): Value {
  const { dtype, shape } = x.type;
  const ones = call.fold(dtype, shape, () =>
    tensorOf(
      dtype,
      shape,
      Array.from({ length: shape[0] ?? 0 }, (_, i) => Number(i >= start === isKept)),
    ),
  );
  return call.emit('mul', [x, ones]);
}
