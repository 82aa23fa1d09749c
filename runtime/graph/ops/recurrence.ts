// One direction of an LSTM, a GRU or a plain recurrent layer: step after step, each from the state that the one before left. What the
// inputs add to the gates comes in ready made, as one matrix product over all steps.

import { printType, sameShape, type Tensor, type TensorType } from '../../core/tensor.js';
import { booleanAttribute, choiceAttribute, numberAttribute, numbersAttribute } from '../attributes.js';
import type { Attributes, OpDefinition } from '../graph.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkCount, checkedType, checkFloats, checkRank, refuse, required } from '../rules.js';

const kind = 'recurrence';

/** Gates of each cell, in ONNX's order: input, output, forget, cell; update, reset, hidden; the one there is. */
const gateCounts = { lstm: 4, gru: 3, rnn: 1 } as const;

export type Cell = keyof typeof gateCounts;

export const cells = Object.keys(gateCounts) as readonly Cell[];

type Function = (x: number, alpha: number, beta: number) => number;

/** The functions of ONNX's recurrent operators, by their names in lower case; the addon counts them in this order. */
const functions = {
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  affine: (x, alpha, beta) => alpha * x + beta,
  leakyrelu: (x, alpha) => (x >= 0 ? x : alpha * x),
  thresholdedrelu: (x, alpha) => (x >= alpha ? x : 0),
  scaledtanh: (x, alpha, beta) => alpha * Math.tanh(beta * x),
  hardsigmoid: (x, alpha, beta) => Math.min(Math.max(alpha * x + beta, 0), 1),
  elu: (x, alpha) => (x >= 0 ? x : alpha * Math.expm1(x)),
  softsign: (x) => x / (1 + Math.abs(x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
} satisfies Readonly<Record<string, Function>>;

export type Activation = keyof typeof functions;

export const activations = Object.keys(functions) as readonly Activation[];

/** How many functions a cell names: of gates and state, of gates and candidate, of the state. */
export const activationCounts: Readonly<Record<Cell, number>> = { lstm: 3, gru: 2, rnn: 1 };

export interface Recurrence {
  readonly cell: Cell;
  readonly gates: number;
  /** From the last step to the first. */
  readonly reverse: boolean;
  /** Of a GRU: the reset gate acts on the product of the state instead of on the state. */
  readonly resetAfter: boolean;
  /** Of an LSTM: it forgets what it does not take in. */
  readonly coupled: boolean;
  /** What goes into a function of gates is held within plus and minus this; the state of an LSTM is not, as in onnxruntime. */
  readonly clip: number;
  readonly activations: readonly Activation[];
  readonly alphas: readonly number[];
  readonly betas: readonly number[];
}

/** @throws OnboxError `op-invalid` */
export function recurrenceOf(attributes: Attributes): Recurrence {
  const cell = choiceAttribute(attributes, 'cell', cells);
  const count = activationCounts[cell];
  const named = attributes['activations'];
  const known = (Array.isArray(named) ? named : []).map(
    (name) => activations.find((each) => each === name) ?? refuse(kind, `no function is called ${name}`),
  );
  const [alphas, betas] = [numbersAttribute(attributes, 'alphas'), numbersAttribute(attributes, 'betas')];
  if ([known, alphas, betas].some((list) => list.length !== count)) refuse(kind, `a cell ${cell} has ${count} functions`);
  return {
    cell,
    gates: gateCounts[cell],
    reverse: booleanAttribute(attributes, 'reverse'),
    resetAfter: booleanAttribute(attributes, 'resetAfter'),
    coupled: booleanAttribute(attributes, 'coupled'),
    clip: numberAttribute(attributes, 'clip'),
    activations: known,
    alphas,
    betas,
  };
}

/**
 * Inputs: x [steps,batch,gates*hidden]; weights [hidden,gates*hidden]; bias [gates*hidden] of the product of the state; the first state
 * and the first cell [batch,hidden]; peepholes [3*hidden] of input, output and forget gate; i32 lengths [batch].
 * Outputs: every state [steps,batch,hidden], zeros past a length; the last state and the last cell [batch,hidden].
 */
export const recurrence: OpDefinition = {
  kind,
  infer(inputs, attributes) {
    checkCount(kind, inputs, 7);
    const { gates } = recurrenceOf(attributes);
    const [x, weights] = inputs as readonly TensorType[] as [TensorType, TensorType];
    checkRank(kind, 'its input', x, 3);
    checkRank(kind, 'its weights', weights, 2);
    checkFloats(kind, inputs.slice(0, 6));
    const [steps = 0, batch = 0] = x.shape;
    const hidden = weights.shape[0] ?? 0;
    const wide = gates * hidden;
    const wanted = [[steps, batch, wide], [hidden, wide], [wide], [batch, hidden], [batch, hidden], [3 * hidden], [batch]];
    for (const [i, shape] of wanted.entries()) {
      const type = required<TensorType>(kind, inputs, i);
      if (!sameShape(type.shape, shape)) refuse(kind, `input ${i} wants the shape [${shape}], got ${printType(type)}`);
    }
    if (inputs[6]?.dtype !== 'i32') refuse(kind, 'lengths are i32');
    const state = checkedType(kind, x.dtype, [batch, hidden]);
    return [checkedType(kind, x.dtype, [steps, batch, hidden]), state, state];
  },
  evaluate(inputs, attributes, types) {
    const how = recurrenceOf(attributes);
    const numbers = inputs.map((_, i) => Float64Array.from(numbersOf(required<Tensor>(kind, inputs, i))));
    const results = types.map(roomFor);
    const [steps = 0, batch = 0, hidden = 0] = types[0]?.shape ?? [];
    for (let row = 0; row < batch; row++) runRow(how, numbers, results, { steps, batch, hidden, row });
    return types.map((type, i) => tensorFrom(type, results[i] as Float64Array));
  },
};

interface State {
  readonly state: Float64Array;
  readonly memory: Float64Array;
}

/** What a cell computes with at one step, of a unit of a gate. */
interface Step {
  readonly into: (gate: number, unit: number) => number;
  readonly product: (state: Float64Array, gate: number, unit: number) => number;
  readonly peep: (gate: number, unit: number, memory: Float64Array) => number;
  readonly apply: (which: number, value: number, clip?: number) => number;
}

const cellSteps: Readonly<Record<Cell, (step: Step, how: Recurrence, before: State) => State>> = {
  rnn: ({ into, product, apply }, _, { state, memory }) => ({
    state: state.map((_, unit) => apply(0, into(0, unit) + product(state, 0, unit))),
    memory,
  }),
  gru: ({ into, product, apply }, { resetAfter }, { state, memory }) => {
    const gate = (which: number) => state.map((_, unit) => apply(0, into(which, unit) + product(state, which, unit)));
    const [update, reset] = [gate(0), gate(1)];
    const kept = state.map((value, unit) => value * at(reset, unit));
    const candidate = (unit: number) => {
      const past = resetAfter ? at(reset, unit) * product(state, 2, unit) : product(kept, 2, unit);
      return apply(1, into(2, unit) + past);
    };
    return { state: state.map((value, unit) => (1 - at(update, unit)) * candidate(unit) + at(update, unit) * value), memory };
  },
  lstm: ({ into, product, peep, apply }, { coupled }, { state, memory }) => {
    const gate = (which: number, peephole: number, unit: number, of: Float64Array) =>
      apply(0, into(which, unit) + product(state, which, unit) + peep(peephole, unit, of));
    const next = memory.map((value, unit) => {
      const taken = gate(0, 0, unit, memory);
      const kept = coupled ? 1 - taken : gate(2, 2, unit, memory);
      return kept * value + taken * apply(1, into(3, unit) + product(state, 3, unit));
    });
    return {
      state: next.map((value, unit) => gate(1, 1, unit, next) * apply(2, value, Number.POSITIVE_INFINITY)),
      memory: next,
    };
  },
};

interface Row {
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
  readonly row: number;
}

function runRow(
  how: Recurrence,
  numbers: readonly Float64Array[],
  results: readonly Float64Array[],
  { steps, batch, hidden, row }: Row,
): void {
  const [x, weights, bias, firstState, firstCell, peepholes, lengths] = numbers as unknown as Inputs;
  const wide = how.gates * hidden;
  const ofRow = (states: Float64Array) => states.slice(row * hidden, (row + 1) * hidden);
  let now: State = { state: ofRow(firstState), memory: ofRow(firstCell) };
  const length = Math.min(Math.max(at(lengths, row), 0), steps);
  for (let i = 0; i < length; i++) {
    const place = (how.reverse ? length - 1 - i : i) * batch + row;
    const step: Step = {
      into: (gate, unit) => at(x, place * wide + gate * hidden + unit),
      product: (state, gate, unit) => {
        const column = gate * hidden + unit;
        return state.reduce((sum, value, k) => sum + value * at(weights, k * wide + column), at(bias, column));
      },
      peep: (gate, unit, memory) => at(peepholes, gate * hidden + unit) * at(memory, unit),
      apply: (which, value, clip = how.clip) => {
        const name = how.activations[which] as Activation;
        return functions[name](Math.min(Math.max(value, -clip), clip), at(how.alphas, which), at(how.betas, which));
      },
    };
    now = cellSteps[how.cell](step, how, now);
    results[0]?.set(now.state, place * hidden);
  }
  results[1]?.set(now.state, row * hidden);
  results[2]?.set(now.memory, row * hidden);
}

type Inputs = readonly [
  x: Float64Array,
  weights: Float64Array,
  bias: Float64Array,
  firstState: Float64Array,
  firstCell: Float64Array,
  peepholes: Float64Array,
  lengths: Float64Array,
];

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] as number;
}
