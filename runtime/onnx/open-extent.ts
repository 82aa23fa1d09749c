// Extents that the data decides, while a model is imported: which axis of a result is open where one of an input is. Operators of which
// nothing is said here need every extent, and are refused.

import { OnboxError } from '../core/error.js';
import type { Shape, TensorType } from '../core/tensor.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import type { Attributes } from '../graph/graph.js';
import type { Value } from './graph-writer.js';
import { quote } from './model.js';

/** Of `axis` only the first elements count: as many as `count`, i64[1], says. */
export interface Open {
  readonly axis: number;
  readonly count: Value;
}

interface Step {
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly type: TensorType;
}

type Rule = (step: Step, axis: number, input: number) => number | undefined;

/** Axes are counted from the end, as shapes broadcast. */
const aligned: Rule = ({ inputs, type }, axis, input) => axis + type.shape.length - (inputs[input]?.type.shape.length ?? 0);

const elementwise = (
  'abs acos acosh add and asin asinh atan atanh cast ceil clip copy cos cosh div elu equal erf exp floor gelu greater greater-equal ' +
  'hard-sigmoid hard-swish is-nan leaky-relu less less-equal log max min mish mod mul neg not or pow prelu reciprocal relu round selu ' +
  'sigmoid sign silu sin sinh softplus softsign sqrt sub tan tanh thresholded-relu where xor'
).split(' ');

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...elementwise.map((op) => [op, aligned] as const),
  ['reshape', ({ inputs, type }, axis) => keptAxis(inputs[0]?.type.shape ?? [], type.shape, axis)],
  ['transpose', ({ attributes }, axis) => integersAttribute(attributes, 'permutation').indexOf(axis)],
  ['slice', ({ inputs, type }, axis) => (type.shape[axis] === inputs[0]?.type.shape[axis] ? axis : undefined)],
  ['concat', ({ attributes }, axis) => (integerAttribute(attributes, 'axis') === axis ? undefined : axis)],
  ['split', ({ attributes }, axis) => (integerAttribute(attributes, 'axis') === axis ? undefined : axis)],
  ['gather', gatherRule],
  [
    'gather-nd',
    ({ inputs }, axis, input) => (input === 1 && axis < (inputs[1]?.type.shape.length ?? 0) - 1 ? axis : undefined),
  ],
  ['softmax', ({ attributes }, axis) => (integerAttribute(attributes, 'axis') === axis ? undefined : axis)],
]);

/**
 * The open axis of a result.
 * @throws OnboxError `shape-data-dependent` if the operator needs the extent, or inputs are open by different counts
 */
export function openOf(op: string, step: Step): Open | undefined {
  const open = step.inputs.flatMap((value, input) => (value?.open === undefined ? [] : [{ ...value.open, value, input }]));
  const [first] = open;
  if (first === undefined) return undefined;
  const axes = open.map(({ axis, input }) => rules.get(op)?.(step, axis, input));
  const [axis] = axes;
  const isSame = axes.every((other) => other === axis) && open.every(({ count }) => count === first.count);
  if (axis === undefined || !isSame || !(picks.has(op) || fits(step, axis))) throw needsExtent(first.value);
  return { axis, count: first.count };
}

/** @throws OnboxError `shape-data-dependent` if an extent of the value is open */
export function requireClosed(value: Value): void {
  if (value.open !== undefined) throw needsExtent(value);
}

function needsExtent({ name, base, type, open }: Value): OnboxError {
  const what = quote(name ?? base);
  return new OnboxError(
    `how long axis ${open?.axis} of ${what} is (at most ${type.shape[open?.axis ?? 0]}) depends on the input's data`,
    { code: 'shape-data-dependent' },
  );
}

/** What they pick from need not be as long as the indices. */
const picks: ReadonlySet<string> = new Set(['gather', 'gather-nd']);

/** Whether no closed input spans the open axis with elements that would have to be left out. */
function fits({ inputs, type }: Step, axis: number): boolean {
  const extent = type.shape[axis];
  return inputs.every((value) => {
    if (value === undefined || value.open !== undefined || value.type.shape.length < type.shape.length) return true;
    return value.type.shape.length > type.shape.length || value.type.shape[axis] !== extent || extent === 1;
  });
}

/** The axis of `to` that has the place of `axis` of `from`: as many elements before it, and the same extent. */
function keptAxis(from: Shape, to: Shape, axis: number): number | undefined {
  const before = (shape: Shape, end: number) => shape.slice(0, end).reduce((product, extent) => product * extent, 1);
  const kept = to.findIndex((extent, i) => extent === from[axis] && before(to, i) === before(from, axis));
  return kept < 0 ? undefined : kept;
}

/** The axes of the indices take the place of the one that is picked from. */
function gatherRule({ inputs, attributes }: Step, axis: number, input: number): number | undefined {
  const at = integerAttribute(attributes, 'axis');
  if (input === 1) return at + axis;
  if (axis === at) return undefined;
  return axis < at ? axis : axis + (inputs[1]?.type.shape.length ?? 1) - 1;
}
