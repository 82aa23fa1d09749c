// Reductions. Axes are an attribute in older opsets and an input in newer ones (ReduceSum from 13, the others from 18).

import type { Importer, Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

const kinds = {
  ReduceL1: 'reduce-l1',
  ReduceL2: 'reduce-l2',
  ReduceLogSum: 'reduce-log-sum',
  ReduceLogSumExp: 'reduce-log-sum-exp',
  ReduceMax: 'reduce-max',
  ReduceMean: 'reduce-mean',
  ReduceMin: 'reduce-min',
  ReduceProd: 'reduce-prod',
  ReduceSum: 'reduce-sum',
  ReduceSumSquare: 'reduce-sum-square',
};

export const reduce: Importers = {
  ...Object.fromEntries(
    Object.entries(kinds).map(([op, kind]): [string, Importer] => [op, (call) => importReduce(call, kind)]),
  ),
  ArgMax: (call) => importArg(call, 'arg-max'),
  ArgMin: (call) => importArg(call, 'arg-min'),
  LpNormalization: importLpNormalization,
};

function importReduce(call: OnnxCall, kind: string): Value {
  const x = call.input(0);
  const rank = x.type.shape.length;
  const given = call.integersOf(1, 'axes') ?? [];
  const all = given.length === 0 && !call.flag('noop_with_empty_axes', false);
  const axes = all ? x.type.shape.map((_, axis) => axis) : call.axes(given, rank);
  return call.emit(kind, [x], { axes, keepDims: call.flag('keepdims', true) });
}

function importArg(call: OnnxCall, kind: string): Value {
  const x = call.input(0);
  return call.emit(kind, [x], {
    axis: call.axis(call.number('axis', 0), x.type.shape.length),
    keepDims: call.flag('keepdims', true),
    selectLast: call.flag('select_last_index', false),
  });
}

/** x over its norm along an axis; zeros stay zeros. */
function importLpNormalization(call: OnnxCall): Value {
  const x = call.input(0);
  const p = call.number('p', 2);
  if (p !== 1 && p !== 2) throw call.invalid(`p is 1 or 2, got ${p}`);
  const axis = call.axis(call.number('axis', -1), x.type.shape.length);
  const norm = call.emit(p === 1 ? 'reduce-l1' : 'reduce-l2', [x], { axes: [axis], keepDims: true });
  const smallestNormal = 2 ** -126;
  return call.emit('div', [x, call.emit('max', [norm, call.scalar(x.type.dtype, smallestNormal)])]);
}
