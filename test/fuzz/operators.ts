// How each operator is drawn: which values suit it, and with what parameters. Their ranges are such that results stay tame: nothing
// overflows, and no small difference is blown up.

import { tensorOf } from '../../runtime/core/tensor.js';
import type { Draft, Value } from './draft.js';
import { sequences } from './sequences.js';
import { windows } from './windows.js';

export type Drawer = (draft: Draft) => void;

const tame = [
  'Erf',
  'Mish',
  'Identity',
  'Relu',
  'Sigmoid',
  'Abs',
  'Neg',
  'Tanh',
  'Sin',
  'Cos',
  'Softplus',
  'Softsign',
  'HardSwish',
  'Atan',
  'Asinh',
];
const jumping = ['Floor', 'Ceil', 'Round', 'Sign'];
/** Of numbers in -1..1. */
const bounded = ['Acos', 'Asin', 'Atanh', 'Tan', 'Exp', 'Sinh', 'Cosh'];
/** Of numbers above 1. */
const large = ['Acosh', 'Log', 'Sqrt', 'Reciprocal'];
const comparisons = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'];
const reductions = [
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceSum',
  'ReduceSumSquare',
];

const all = (ops: readonly string[], drawer: (op: string) => Drawer): Record<string, Drawer> =>
  Object.fromEntries(ops.map((op) => [op, drawer(op)]));

const aboveOne = (draft: Draft): string => draft.emit('Add', [draft.emit('Abs', [draft.floats()]), draft.scalar(1.5)]);
const withinOne = (draft: Draft): string => draft.emit('Mul', [draft.emit('Tanh', [draft.floats()]), draft.scalar(0.75)]);
const axisOf = (draft: Draft, { shape }: Value): number => draft.random.whole(-shape.length, shape.length - 1);
const hasAxes = ({ shape }: Value): boolean => shape.length > 0;
const someAxes = (draft: Draft, { shape }: Value): number[] => {
  const axes = shape.map((_, axis) => axis).filter(() => draft.random.chance(0.5));
  return axes.length > 0 ? axes : [draft.random.whole(0, shape.length - 1)];
};

const elementwise: Record<string, Drawer> = {
  ...all(tame, (op) => (draft) => draft.emit(op, [draft.floats()])),
  ...all(jumping, (op) => (draft) => draft.emit(op, [draft.exactFloats()])),
  ...all(bounded, (op) => (draft) => draft.emit(op, [withinOne(draft)])),
  ...all(large, (op) => (draft) => draft.emit(op, [aboveOne(draft)])),
  ...all(
    ['Elu', 'LeakyRelu', 'Celu'],
    (op) => (draft) => draft.emit(op, [draft.floats()], { alpha: { float: draft.random.whole(1, 8) / 8 } }),
  ),
  Selu: (draft) => draft.emit('Selu', [draft.floats()]),
  ThresholdedRelu: (draft) => draft.emit('ThresholdedRelu', [draft.exactFloats()], { alpha: { float: 0.5 } }),
  HardSigmoid: (draft) => draft.emit('HardSigmoid', [draft.floats()], { alpha: { float: 0.25 } }),
  Gelu: (draft) => draft.emit('Gelu', [draft.floats()], { approximate: draft.random.pick(['none', 'tanh']) }),
  Clip: (draft) => {
    const [low, high] = [draft.scalar(-draft.random.whole(0, 8) / 4), draft.scalar(draft.random.whole(0, 8) / 4)];
    const inputs = draft.random.pick([[low, high], [low], ['', high]]);
    draft.emit('Clip', [draft.floats(), ...inputs]);
  },
  Cast: (draft) => {
    const whole = draft.emit('Cast', [draft.exactFloats()], { to: draft.random.pick([6, 7, 9, 3]) });
    draft.emit('Cast', [whole], { to: 1 });
  },
  CastLike: (draft) => draft.emit('CastLike', [draft.exactFloats(), draft.whole(1)]),
  IsNaN: (draft) => draft.emit('IsNaN', [draft.exactFloats()]),
  Not: (draft) => draft.emit('Not', [draft.emit('Greater', [draft.exactFloats(), draft.scalar(0.5)])]),
  IsInf: (draft) =>
    draft.emit('IsInf', [draft.emit('Div', [draft.exactFloats(), draft.scalar(0)])], {
      detect_negative: draft.random.whole(0, 1),
    }),
  Shrink: (draft) =>
    draft.emit('Shrink', [draft.exactFloats()], { lambd: { float: 0.5 }, bias: { float: draft.random.whole(0, 4) / 8 } }),
  Dropout: (draft) => draft.emit('Dropout', [draft.floats()]),
};

/** A value, and another one or a constant that broadcasts to it, in either order. */
function pair(draft: Draft, first: Value): (Value | string)[] {
  const { random } = draft;
  const other = random.chance(0.4) ? first : draft.weights(...draft.narrowed(first.shape));
  return random.shuffled([first, other]);
}

const binary: Record<string, Drawer> = {
  ...all(['Add', 'Sub', 'Mul', 'Max', 'Min', 'Sum', 'Mean'], (op) => (draft) => draft.emit(op, pair(draft, draft.floats()))),
  ...all(comparisons, (op) => (draft) => draft.emit(op, pair(draft, draft.exactFloats()))),
  ...all(['And', 'Or', 'Xor'], (op) => (draft) => {
    const x = draft.exactFloats();
    draft.emit(op, [draft.emit('Greater', [x, draft.scalar(-1)]), draft.emit('Less', pair(draft, x))]);
  }),
  Div: (draft) => draft.emit('Div', [draft.floats(), aboveOne(draft)]),
  Pow: (draft) => draft.emit('Pow', [aboveOne(draft), draft.scalar(draft.random.whole(-4, 8) / 4)]),
  Mod: (draft) => {
    const x = draft.exactFloats();
    draft.emit('Mod', [x, draft.scalar(draft.random.pick([0.5, 1.25, -2]))], { fmod: 1 });
  },
  PRelu: (draft) => {
    const x = draft.floats();
    draft.emit('PRelu', [x, draft.weights(...draft.narrowed(x.shape))]);
  },
  Where: (draft) => {
    const x = draft.exactFloats();
    const choice = draft.emit('Less', [x, draft.scalar(0)]);
    draft.emit('Where', [choice, ...pair(draft, x)]);
  },
};

const moving: Record<string, Drawer> = {
  Reshape: (draft) => {
    const x = draft.floats();
    draft.emit('Reshape', [x, draft.whole(...draft.refactored(x.shape))]);
  },
  Flatten: (draft) => {
    const x = draft.floats();
    draft.emit('Flatten', [x], { axis: draft.random.whole(0, x.shape.length) });
  },
  Transpose: (draft) => {
    const x = draft.value(hasAxes);
    draft.emit('Transpose', [x], { perm: draft.random.shuffled(x.shape.map((_, axis) => axis)) });
  },
  Unsqueeze: (draft) => draft.emit('Unsqueeze', [draft.floats(0, 1, 2, 3), draft.whole(draft.random.whole(0, 1) - 1)]),
  Squeeze: (draft) => {
    const x = draft.value(({ shape }) => shape.includes(1));
    draft.emit('Squeeze', [x, draft.whole(x.shape.indexOf(1))]);
  },
  Slice: (draft) => {
    const x = draft.value(hasAxes);
    const axis = draft.random.whole(0, x.shape.length - 1);
    const extent = x.shape[axis] ?? 1;
    const back = draft.random.chance(0.3);
    const start = draft.random.whole(0, extent - 1);
    const ends = back ? [start, -extent - 1] : [start, draft.random.whole(start + 1, extent + 2)];
    const lists = [...ends, axis].map((value) => draft.whole(value));
    draft.emit('Slice', [x, ...lists, draft.whole(draft.random.whole(1, 2) * (back ? -1 : 1))]);
  },
  Split: (draft) => {
    const x = draft.value(({ shape }) => shape.some((extent) => extent > 1));
    const axis = x.shape.findLastIndex((extent) => extent > 1);
    const first = draft.random.whole(1, (x.shape[axis] ?? 2) - 1);
    draft.emit('Split', [x, draft.whole(first, (x.shape[axis] ?? 2) - first)], { axis }, 2);
  },
  Concat: (draft) => {
    const x = draft.floats(1, 2, 3, 4);
    const axis = axisOf(draft, x);
    const at = axis < 0 ? axis + x.shape.length : axis;
    const other = draft.weights(...x.shape.map((extent, i) => (i === at ? draft.random.whole(1, 5) : extent)));
    draft.emit('Concat', draft.random.shuffled<Value | string>([x, other, x]), { axis });
  },
  Pad: (draft) => {
    const x = draft.floats(1, 2, 3, 4);
    const mode = draft.random.pick(['constant', 'reflect', 'edge', 'wrap']);
    const low = mode === 'constant' ? -1 : 0;
    const sides = [...x.shape, ...x.shape].map((extent) => (extent > 2 ? draft.random.whole(low, 2) : 0));
    draft.emit('Pad', [x, draft.whole(...sides), draft.scalar(0.5)], { mode });
  },
  Expand: (draft) => {
    const x = draft.floats(0, 1, 2, 3);
    const shape = x.shape.map((extent) => (extent === 1 ? draft.random.whole(1, 3) : extent));
    draft.emit('Expand', [x, draft.whole(...(draft.random.chance(0.5) ? [2, ...shape] : shape.length > 0 ? shape : [1]))]);
  },
  Tile: (draft) => {
    const x = draft.floats(1, 2, 3, 4);
    draft.emit('Tile', [x, draft.whole(...draft.random.list(x.shape.length, 1, 2))]);
  },
  Gather: (draft) => {
    const x = draft.value(hasAxes);
    const axis = axisOf(draft, x);
    const extent = x.shape.at(axis) ?? 1;
    const shape = draft.random.pick([[], [2], [2, 2]]);
    const count = shape.reduce((product, size) => product * size, 1);
    draft.emit('Gather', [x, draft.constant(tensorOf('i64', shape, draft.random.list(count, -extent, extent - 1)))], { axis });
  },
  GatherElements: (draft) => {
    const x = draft.floats(1, 2, 3, 4);
    const axis = axisOf(draft, x);
    const extent = x.shape.at(axis) ?? 1;
    const count = x.shape.reduce((product, size) => product * size, 1);
    const indices = draft.constant(tensorOf('i64', x.shape, draft.random.list(count, -extent, extent - 1)));
    draft.emit('GatherElements', [x, indices], { axis });
  },
  GatherND: (draft) => {
    const x = draft.floats(2, 3, 4);
    const pairs = [0, 1, 2].flatMap(() => x.shape.slice(0, 2).map((extent) => draft.random.whole(0, extent - 1)));
    draft.emit('GatherND', [x, draft.constant(tensorOf('i64', [3, 2], pairs))]);
  },
  ScatterElements: (draft) => {
    const x = draft.floats(1, 2, 3);
    const axis = axisOf(draft, x);
    const at = axis < 0 ? axis + x.shape.length : axis;
    const shape = x.shape.map((extent, i) => (i === at ? 1 : extent));
    const count = shape.reduce((product, size) => product * size, 1);
    const indices = draft.constant(tensorOf('i64', shape, draft.random.list(count, 0, (x.shape[at] ?? 1) - 1)));
    const reduction = draft.random.pick(['none', 'add', 'max']);
    draft.emit('ScatterElements', [x, indices, draft.weights(...shape)], { axis, reduction });
  },
  ScatterND: (draft) => {
    const x = draft.floats(2, 3, 4);
    const row = draft.random.whole(0, (x.shape[0] ?? 1) - 1);
    const reduction = draft.random.pick(['none', 'add', 'min']);
    const indices = draft.constant(tensorOf('i64', [1, 1], [row]));
    draft.emit('ScatterND', [x, indices, draft.weights(1, ...x.shape.slice(1))], { reduction });
  },
  DepthToSpace: (draft) => {
    const x = draft.value(({ dtype, shape }) => dtype === 'f32' && shape.length === 4 && (shape[1] ?? 0) % 4 === 0);
    draft.emit('DepthToSpace', [x], { blocksize: 2, mode: draft.random.pick(['DCR', 'CRD']) });
  },
  SpaceToDepth: (draft) => {
    const isEven = ([, , h = 1, w = 1]: readonly number[]) => h % 2 === 0 && w % 2 === 0;
    const x = draft.value(({ dtype, shape }) => dtype === 'f32' && shape.length === 4 && isEven(shape));
    draft.emit('SpaceToDepth', [x], { blocksize: 2 });
  },
  Trilu: (draft) => draft.emit('Trilu', [draft.floats(2, 3, 4)], { upper: draft.random.whole(0, 1) }),
  OneHot: (draft) => {
    const whole = draft.emit('Cast', [draft.exactFloats(1, 2)], { to: 7 });
    const depth = draft.constant(tensorOf('i64', [], [draft.random.whole(2, 5)]));
    draft.emit('OneHot', [whole, depth, draft.weights(2)], { axis: draft.random.pick([-1, 0]) });
  },
  CenterCropPad: (draft) => {
    const x = draft.floats(1, 2, 3);
    draft.emit('CenterCropPad', [x, draft.whole(...draft.random.list(x.shape.length, 1, 7))]);
  },
};

const reducing: Record<string, Drawer> = {
  ...all(reductions, (op) => (draft) => {
    const x = draft.floats(1, 2, 3, 4);
    draft.emit(op, [x, draft.whole(...someAxes(draft, x))], { keepdims: draft.random.whole(0, 1) });
  }),
  ReduceProd: (draft) => {
    const x = draft.emit('Tanh', [draft.floats(2)]);
    draft.emit('ReduceProd', [x, draft.whole(1)]);
  },
  ReduceLogSum: (draft) => draft.emit('ReduceLogSum', [aboveOne(draft)]),
  ...all(['ArgMax', 'ArgMin'], (op) => (draft) => {
    const x = draft.exactFloats(1, 2, 3, 4);
    const [keepdims, last] = draft.random.list(2, 0, 1) as [number, number];
    draft.emit(op, [x], { axis: axisOf(draft, x), keepdims, select_last_index: last });
  }),
  TopK: (draft) => {
    const x = draft.exactFloats(1, 2, 3, 4);
    const axis = axisOf(draft, x);
    const k = draft.whole(draft.random.whole(1, x.shape.at(axis) ?? 1));
    draft.emit('TopK', [x, k], { axis, largest: draft.random.whole(0, 1) }, 2);
  },
  CumSum: (draft) => {
    const x = draft.floats(1, 2, 3);
    const axis = draft.constant(tensorOf('i64', [], [axisOf(draft, x)]));
    const [exclusive, reverse] = draft.random.list(2, 0, 1) as [number, number];
    draft.emit('CumSum', [x, axis], { exclusive, reverse });
  },
  ...all(['Softmax', 'LogSoftmax', 'Hardmax'], (op) => (draft) => {
    const x = op === 'Hardmax' ? draft.exactFloats(1, 2, 3, 4) : draft.floats(1, 2, 3, 4);
    draft.emit(op, [x], { axis: axisOf(draft, x) });
  }),
  LpNormalization: (draft) => {
    const x = draft.emit('Abs', [draft.floats(2, 3)]);
    draft.emit('LpNormalization', [draft.emit('Add', [x, draft.scalar(1)])], { p: draft.random.whole(1, 2) });
  },
};

/** By the name of the operator that is drawn, alone or behind others that tame its input. */
export const drawers: Readonly<Record<string, Drawer>> = {
  ...elementwise,
  ...binary,
  ...moving,
  ...reducing,
  ...windows,
  ...sequences,
};
