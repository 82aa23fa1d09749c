// Random networks, for the laws that hold of every graph.

import fc from 'fast-check';
import { tensorOf } from '../../../runtime/core/tensor.js';
import { GraphBuilder } from '../../../runtime/graph/builder.js';
import type { Graph } from '../../../runtime/graph/graph.js';
import { verify } from '../../../runtime/graph/verify.js';

const channels = 3;

/** One step of a random network on values [1,3,4,4]; `values` are those that are there already, the last one first. */
type Step = (builder: GraphBuilder, values: readonly string[], numbers: readonly number[]) => string;

const constant = (builder: GraphBuilder, shape: readonly number[], numbers: readonly number[]): string => {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const values = Array.from({ length: count }, (_, index) => numbers[index % numbers.length] ?? 0);
  return builder.addConstant(builder.fresh('c'), tensorOf('f32', shape, values));
};

const perChannel = [channels, 1, 1];
const window = { group: 1, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };

const steps: Readonly<Record<string, Step>> = {
  conv: (builder, [x = ''], numbers) =>
    builder.addOne('conv', [x, constant(builder, [channels, channels, 3, 3], numbers)], window),
  biased: (builder, [x = ''], numbers) => {
    const [w, b] = [constant(builder, [channels, 1, 3, 3], numbers), constant(builder, [channels], numbers)];
    return builder.addOne('conv', [x, w, b], { ...window, group: channels });
  },
  scale: (builder, [x = ''], numbers) => builder.addOne('mul', [x, constant(builder, perChannel, numbers)]),
  shift: (builder, [x = ''], numbers) => builder.addOne('add', [constant(builder, [1, ...perChannel], numbers), x]),
  lower: (builder, [x = ''], numbers) => builder.addOne('sub', [x, constant(builder, [], numbers)]),
  over: (builder, [x = ''], numbers) => builder.addOne('div', [x, constant(builder, [1], [(numbers[0] ?? 0) + 4])]),
  one: (builder, [x = '']) => builder.addOne('mul', [x, constant(builder, [], [1])]),
  batchNorm: (builder, [x = ''], numbers) => {
    const positive = numbers.map((value) => value + 4);
    const parameters = [numbers, numbers, numbers, positive].map((list) => constant(builder, [channels], list));
    return builder.addOne('batch-norm', [x, ...parameters], { epsilon: 1e-3 });
  },
  gate: (builder, [x = '']) => builder.addOne('mul', [builder.addOne('sigmoid', [x]), x]),
  hardSwish: (builder, [x = '']) => {
    const raised = builder.addOne('add', [x, constant(builder, [], [3])]);
    const product = builder.addOne('mul', [x, builder.addOne('clip', [raised], { min: 0, max: 6 })]);
    return builder.addOne('div', [product, constant(builder, [], [6])]);
  },
  turn: (builder, [x = '']) => {
    const there = builder.addOne('transpose', [x], { permutation: [0, 2, 3, 1] });
    return builder.addOne('transpose', [there], { permutation: [0, 3, 1, 2] });
  },
  reshape: (builder, [x = '']) => {
    const flat = builder.addOne('reshape', [x], { shape: [channels * 16] });
    return builder.addOne('reshape', [flat], { shape: [1, channels, 4, 4] });
  },
  // Reads an older value again, so that some have two readers.
  residual: (builder, values) => builder.addOne('add', [values[0] ?? '', values.at(-1) ?? '']),
  tanh: (builder, [x = '']) => builder.addOne('tanh', [x]),
};

const numbers = fc.array(
  fc.integer({ min: -3, max: 3 }).map((value) => value / 2),
  { minLength: 1, maxLength: 7 },
);

/** Up to ten steps on values of one shape; some values have two readers, and one in the middle is an output too. */
export const networks: fc.Arbitrary<Graph> = fc
  .array(fc.record({ kind: fc.constantFrom(...Object.keys(steps)), numbers }), { minLength: 1, maxLength: 10 })
  .map((plan) => {
    const builder = new GraphBuilder();
    const values = [builder.addInput('x', { dtype: 'f32', shape: [1, channels, 4, 4] })];
    for (const step of plan) values.unshift(steps[step.kind]?.(builder, values.slice(0, 4), step.numbers) ?? '');
    builder.output('last', values[0] ?? '');
    builder.output('middle', values[Math.floor(values.length / 2)] ?? '');
    return verify(builder.build());
  });

/** A step of a network of values [1,c,4,4]; the last value comes first, `size` is between 0 and 7. */
type PlaneStep = (builder: GraphBuilder, values: readonly string[], size: number) => readonly string[];

const channelsOf = (builder: GraphBuilder, value: string): number => builder.typeOf(value).shape[1] ?? 1;

function convolve(builder: GraphBuilder, x: string, outputs: number, kernel: number, group = 1): string {
  const shape = [outputs, channelsOf(builder, x) / group, kernel, kernel];
  const pad = (kernel - 1) / 2;
  const attributes = { group, strides: [1, 1], pads: [pad, pad, pad, pad], dilations: [1, 1] };
  return builder.addOne('conv', [x, constant(builder, shape, [0.5, -0.25, 0.125])], attributes);
}

const planeSteps: Readonly<Record<string, PlaneStep>> = {
  narrow: (builder, [x = ''], size) => [convolve(builder, x, 2 + 2 * size, 1)],
  wide: (builder, [x = ''], size) => [convolve(builder, x, 4 * (1 + (size % 3)), 3)],
  depthwise: (builder, [x = '']) => [convolve(builder, x, channelsOf(builder, x), 3, channelsOf(builder, x))],
  relu: (builder, [x = '']) => [builder.addOne('relu', [x])],
  pool: (builder, [x = '']) => [
    builder.addOne('max-pool', [x], {
      kernel: [3, 3],
      strides: [1, 1],
      pads: [1, 1, 1, 1],
      dilations: [1, 1],
      ceilMode: false,
    }),
  ],
  join: (builder, values, size) => [builder.addOne('concat', values.slice(0, 2 + (size % 3)), { axis: 1 })],
  twice: (builder, [x = '']) => [builder.addOne('concat', [x, x], { axis: 1 })],
  halves: (builder, [x = '']) => {
    const half = channelsOf(builder, x) / 2;
    return Number.isInteger(half) ? builder.add('split', [x], { axis: 1, sizes: [half, half] }) : [];
  },
  residual: (builder, values) => {
    const [x = ''] = values;
    const other = values.findLast((value) => channelsOf(builder, value) === channelsOf(builder, x)) ?? x;
    return [builder.addOne('add', [x, other])];
  },
  // The same value again, by way of another shape.
  reshape: (builder, [x = '']) => {
    const flat = builder.addOne('reshape', [x], { shape: [channelsOf(builder, x) * 16] });
    return [builder.addOne('reshape', [flat], { shape: [1, channelsOf(builder, x), 4, 4] })];
  },
};

/** Networks of convolutions, concatenations and splits of many widths, as detectors have them. */
export const planeNetworks: fc.Arbitrary<Graph> = fc
  .array(fc.record({ kind: fc.constantFrom(...Object.keys(planeSteps)), size: fc.nat(7) }), { minLength: 1, maxLength: 12 })
  .map((plan) => {
    const builder = new GraphBuilder();
    const values = [builder.addInput('x', { dtype: 'f32', shape: [1, 4, 4, 4] })];
    for (const { kind, size } of plan) {
      const recent = values.slice(0, 5);
      if (kind === 'join' && recent.reduce((sum, value) => sum + channelsOf(builder, value), 0) > 64) continue;
      values.unshift(...(planeSteps[kind]?.(builder, recent, size) ?? []));
    }
    builder.output('last', values[0] ?? '');
    if (values.length > 3) builder.output('middle', values[Math.floor(values.length / 2)] ?? '');
    return verify(builder.build());
  });
