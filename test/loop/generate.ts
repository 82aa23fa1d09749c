// Random programs and indices for properties of the loop IR. Programs are well formed but compute nothing of sense.

import type { GeneratorValue } from 'fast-check';
import fc from 'fast-check';
import type { Dtype } from '../../runtime/core/tensor.js';
import * as affine from '../../runtime/loop/affine.js';
import { call, cast, load, measured, number } from '../../runtime/loop/expression.js';
import type { Buffer, Condition, Expression, Program, Statement } from '../../runtime/loop/program.js';

/** Loop variables by name, with their extents. */
export type Extents = ReadonlyMap<string, number>;

const buffers: readonly Buffer[] = [
  { name: 'x', role: 'input', dtype: 'f32', shape: [8, 5] },
  { name: 'at', role: 'input', dtype: 'i64', shape: [6] },
  { name: 'w', role: 'constant', dtype: 'f32', shape: [40] },
  { name: 'wp', role: 'packed', dtype: 'f32', shape: [4, 6] },
  { name: 'y', role: 'output', dtype: 'f32', shape: [8] },
];

function integer(g: GeneratorValue, min: number, max: number): number {
  return g(fc.integer, { min, max });
}

function oneOf<T>(g: GeneratorValue, ...items: readonly T[]): T {
  return items[integer(g, 0, items.length - 1)] as T;
}

/** An index over the loops: sums, quotients and remainders, and measured numbers if `measure`. */
export function anIndex(g: GeneratorValue, loops: Extents, depth = 2, measure = false): affine.Affine {
  const names = [...loops];
  let index = affine.constant(integer(g, -9, 9));
  for (let terms = integer(g, 0, 3); terms > 0; terms--) {
    const choice = integer(g, 0, depth === 0 ? 0 : measure ? 3 : 2);
    const [name, extent] = names.length === 0 ? ['none', 1] : oneOf(g, ...names);
    let term = affine.variable(name, extent);
    if (choice === 1) term = affine.quotient(anIndex(g, loops, depth - 1, measure), integer(g, 1, 9));
    if (choice === 2) term = affine.remainder(anIndex(g, loops, depth - 1, measure), integer(g, 1, 9));
    if (choice === 3) term = measured(load('at', 'i64', [anIndex(g, loops, depth - 1)]), integer(g, -4, 0), integer(g, 1, 9));
    index = affine.add(index, affine.scale(term, integer(g, -6, 6)));
  }
  return index;
}

function someConditions(g: GeneratorValue, loops: Extents): Condition[] {
  const condition = () => ({ index: anIndex(g, loops, 1), low: integer(g, -9, 9), high: integer(g, -9, 9) });
  return Array.from({ length: integer(g, 1, 2) }, condition);
}

const values = [0, -0, 1, -1.5, 0.1, 1e-7, 1e21, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function anExpression(g: GeneratorValue, loops: Extents, dtype: Dtype, depth: number): Expression {
  const index = () => anIndex(g, loops, 2, true);
  const inner = (inside: Dtype = dtype) => anExpression(g, loops, inside, depth - 1);
  switch (integer(g, 0, depth === 0 ? 2 : 7)) {
    case 0:
      return number(oneOf(g, ...values), dtype);
    case 1:
      return { kind: 'index', dtype, index: index() };
    case 2:
      if (dtype === 'i64') return load('at', dtype, [index()]);
      return oneOf(g, load('x', 'f32', [index(), index()]), load('wp', 'f32', [index(), index()]));
    case 3:
      return call(oneOf(g, 'add', 'sub', 'mul', 'div'), inner(), inner());
    case 4:
      return call(oneOf(g, 'max', 'pow', 'fmod'), inner(), inner());
    case 5:
      return call('select', call(oneOf(g, 'less', 'less-equal'), inner(), inner()), inner(), inner());
    case 6:
      return cast(inner(oneOf(g, 'f32', 'i64')), dtype);
    default:
      return { kind: 'guard', dtype, conditions: someConditions(g, loops), value: inner(), otherwise: inner() };
  }
}

function aBlock(g: GeneratorValue, loops: Extents, depth: number): Statement[] {
  const local: Buffer = { name: `a${depth}`, role: 'local', dtype: 'f32', shape: [] };
  const block: Statement[] = oneOf(g, true, false) ? [{ kind: 'local', buffer: local }] : [];
  for (let count = integer(g, 1, 2); count > 0; count--) block.push(aStatement(g, loops, depth));
  return block;
}

function aStatement(g: GeneratorValue, loops: Extents, depth: number): Statement {
  const choice = integer(g, depth === 0 ? 2 : 0, 3);
  if (choice === 0) {
    const [name, extent] = [`l${loops.size}`, integer(g, 1, 9)];
    const axis = oneOf(g, 'space', 'reduce');
    const mode = oneOf(g, 'serial', 'parallel', 'vector', 'unroll');
    return { kind: 'for', name, extent, axis, mode, body: aBlock(g, new Map([...loops, [name, extent]]), depth - 1) };
  }
  if (choice === 1) return { kind: 'if', conditions: someConditions(g, loops), body: aBlock(g, loops, depth - 1) };
  const store = { kind: 'store', buffer: 'y', index: [anIndex(g, loops)], value: anExpression(g, loops, 'f32', 2) } as const;
  return choice === 2 ? store : { ...store, combine: oneOf(g, 'add', 'mul', 'max', 'min') };
}

export function aProgram(g: GeneratorValue): Program {
  const extents = new Map([
    ['p', 4],
    ['q', 6],
  ]);
  const loops = [...extents].map(([name, extent]) => ({ name, extent }));
  const value = anExpression(g, extents, 'f32', 1);
  return { buffers, packings: [{ buffer: 'wp', loops, value }], body: aBlock(g, new Map(), 4) };
}
