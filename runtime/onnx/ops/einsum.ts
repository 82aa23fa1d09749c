// Einsum: every operand is brought to distinct labels, what only it has is summed up, and pairs are multiplied as matrices.

import { elementCount, isFloat, tensorOf } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { quote } from '../model.js';

export const einsum: Importers = { Einsum: importEinsum };

/** A value and the label of each of its axes; the axes of an ellipsis are labelled by numbers, from its end. */
interface Term {
  readonly value: Value;
  readonly labels: readonly string[];
}

function importEinsum(call: OnnxCall): Value {
  const equation = call.text('equation').replaceAll(' ', '');
  const [left = '', right, ...more] = equation.split('->');
  const parts = left.split(',');
  const isPlain = [...parts, right ?? ''].every((part) => /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(part));
  if (more.length > 0 || !isPlain) throw call.invalid(`${quote(equation)} is no equation`);
  if (parts.length !== call.inputs.length) throw call.invalid(`${quote(equation)} wants ${parts.length} inputs`);
  const terms = parts.map((part, i) => {
    const value = call.input(i);
    return diagonal(call, { value, labels: labelsOf(call, part, value.type.shape.length) });
  });
  const all = terms.flatMap(({ labels }) => labels);
  const wanted = right === undefined ? implied(parts, all) : expanded(right, all);
  if (new Set(wanted).size !== wanted.length || wanted.some((label) => !all.includes(label))) {
    throw call.invalid(`the result of ${quote(equation)} repeats a label or has an unknown one`);
  }
  const [first, ...rest] = terms as [Term, ...Term[]];
  const product = rest.reduce((done, next, i) => {
    const later = new Set([...wanted, ...rest.slice(i + 1).flatMap(({ labels }) => labels)]);
    return multiply(call, done, next, later);
  }, first);
  return arranged(call, summed(call, product, new Set(wanted)), wanted);
}

function labelsOf(call: OnnxCall, part: string, rank: number): string[] {
  const [before = '', after] = part.split('...');
  const free = rank - before.length - (after?.length ?? 0);
  if (free < 0 || (after === undefined && free > 0)) throw call.invalid(`${quote(part)} does not fit an input of rank ${rank}`);
  return [...before, ...Array.from({ length: free }, (_, i) => String(free - 1 - i)), ...(after ?? '')];
}

/** The labels of a result that the equation does not state: of the ellipsis, then those that occur once, by the alphabet. */
function implied(parts: readonly string[], all: readonly string[]): string[] {
  const letters = [...parts.join('').replaceAll('.', '')];
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
  return [...expanded('...', all), ...once.sort()];
}

function expanded(part: string, all: readonly string[]): string[] {
  const [before = '', after] = part.split('...');
  const free = [...new Set(all)].filter((label) => /\d/.test(label)).sort((a, b) => Number(b) - Number(a));
  return [...before, ...(after === undefined ? [] : free), ...(after ?? '')];
}

/** Where a label stands at several axes, only the elements at equal indices of them remain. */
function diagonal(call: OnnxCall, { value, labels }: Term): Term {
  const distinct = [...new Set(labels)];
  if (distinct.length === labels.length) return { value, labels };
  const { shape } = value.type;
  const extents = distinct.map((label) => shape[labels.indexOf(label)] ?? 1);
  if (labels.some((label, axis) => extents[distinct.indexOf(label)] !== shape[axis])) {
    throw call.invalid(`axes of [${shape}] with the same label differ`);
  }
  const strides = distinct.map((label) =>
    labels.reduce((sum, other, axis) => (other === label ? sum + elementCount(shape.slice(axis + 1)) : sum), 0),
  );
  const places = call.fold('i64', [elementCount(extents)], () =>
    tensorOf('i64', [elementCount(extents)], offsets(extents, strides)),
  );
  const flat = call.emit('gather', [call.reshape(value, [elementCount(shape)]), places], { axis: 0 });
  return { value: call.reshape(flat, extents), labels: distinct };
}

/** Where each element of a tensor lies whose axes have these strides, in their order. */
function offsets(extents: readonly number[], strides: readonly number[]): number[] {
  return extents.reduce<number[]>(
    (outer, extent, axis) => outer.flatMap((at) => Array.from({ length: extent }, (_, i) => at + i * (strides[axis] ?? 0))),
    [0],
  );
}

/** Without the labels that nobody reads. */
function summed(call: OnnxCall, { value, labels }: Term, read: ReadonlySet<string>): Term {
  const axes = labels.flatMap((label, axis) => (read.has(label) ? [] : [axis]));
  if (axes.length === 0) return { value, labels };
  const sum = call.emit('reduce-sum', [value], { axes, keepDims: false });
  return { value: sum, labels: labels.filter((label) => read.has(label)) };
}

/** The value with exactly the axes `order`; those that it lacks have extent 1. */
function arranged(call: OnnxCall, term: Term, order: readonly string[]): Value {
  const { value, labels } = term;
  const permutation = order.filter((label) => labels.includes(label)).map((label) => labels.indexOf(label));
  const isInOrder = permutation.every((from, to) => from === to);
  const turned = isInOrder ? value : call.emit('transpose', [value], { permutation });
  return call.reshape(
    turned,
    order.map((label) => extentOf(term, label)),
  );
}

function extentOf({ value, labels }: Term, label: string): number {
  return value.type.shape[labels.indexOf(label)] ?? 1;
}

/** As a product of matrices: [shared, rows, sum] by [shared, sum, columns]. */
function multiply(call: OnnxCall, a: Term, b: Term, later: ReadonlySet<string>): Term {
  const left = summed(call, a, new Set([...later, ...b.labels]));
  const right = summed(call, b, new Set([...later, ...a.labels]));
  const both = left.labels.filter((label) => right.labels.includes(label));
  const isStretched = both.some((label) => extentOf(left, label) !== extentOf(right, label));
  if (isStretched || !isFloat(left.value.type.dtype)) return multiplyPointwise(call, left, right, later);
  const shared = both.filter((label) => later.has(label));
  const sum = both.filter((label) => !later.has(label));
  const rows = left.labels.filter((label) => !both.includes(label));
  const columns = right.labels.filter((label) => !both.includes(label));
  const matrices = (term: Term, ...groups: readonly (readonly string[])[]) =>
    call.reshape(
      arranged(call, term, groups.flat()),
      groups.map((group) => elementCount(group.map((label) => extentOf(term, label)))),
    );
  const product = call.emit('matmul', [matrices(left, shared, rows, sum), matrices(right, shared, sum, columns)]);
  const labels = [...shared, ...rows, ...columns];
  const shape = labels.map((label) => extentOf(left.labels.includes(label) ? left : right, label));
  return { value: call.reshape(product, shape), labels };
}

/** For whole numbers, and where an axis of one operand is stretched to that of the other. */
function multiplyPointwise(call: OnnxCall, a: Term, b: Term, later: ReadonlySet<string>): Term {
  const labels = [...new Set([...a.labels, ...b.labels])];
  const value = call.emit('mul', [arranged(call, a, labels), arranged(call, b, labels)]);
  return summed(call, { value, labels }, later);
}
