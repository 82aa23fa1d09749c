// Bind: shares the iterations of a space loop out among the work-items of a device. There is no order between work-items and nothing
// waits for another, so what stands around the loop may not communicate: no locals, nothing that reads an output, and what two
// statements of a block write must be apart.

import type { Shape } from '../core/tensor.js';
import { type Affine, strideOf } from '../loop/affine.js';
import { flatIndex } from '../loop/flat.js';
import type { Binding, Condition, Loop, Program, Statement, Store } from '../loop/program.js';
import { rangeUnder } from '../loop/range.js';
import { visitBlockExpressions, visitStatements } from '../loop/statement.js';
import { demand } from './illegal.js';
import { replaceLoops } from './rewrite.js';

export function bind(program: Program, name: string, binding: Binding): Program {
  const { dimension, group } = binding;
  demand(dimension === 0 || dimension === 1 || dimension === 2, `a grid has no dimension ${dimension}`);
  demand(Number.isInteger(group) && group > 0, `bind wants a positive whole group, got ${group}`);
  const outputs = new Map(
    program.buffers.filter(({ role }) => role === 'output').map(({ name: output, shape }) => [output, shape]),
  );
  demand(
    program.body.every(({ kind }) => kind !== 'local'),
    'all statements share a local',
  );
  for (const nest of program.body) {
    const paths = pathsTo([nest], name);
    if (paths.length === 0) continue;
    requireOneGroup(nest, binding);
    requireUnread(nest, outputs);
    for (const path of paths) requireBindable(path, binding, outputs);
  }
  return replaceLoops(program, name, (loop) => [{ ...loop, mode: 'item', binding }]);
}

/** Shapes of what the program writes, by name. */
type Outputs = ReadonlyMap<string, Shape>;

/** The way to a loop: each block that it stands in, and the statement of the block that leads to it. */
type Path = readonly { readonly block: readonly Statement[]; readonly at: Statement }[];

function pathsTo(block: readonly Statement[], name: string): Path[] {
  return block.flatMap((at): Path[] => {
    if (at.kind !== 'for' && at.kind !== 'if') return [];
    const step = { block, at };
    if (at.kind === 'for' && at.name === name) return [[step]];
    return pathsTo(at.body, name).map((rest) => [step, ...rest]);
  });
}

function requireOneGroup(nest: Statement, { dimension, group }: Binding): void {
  visitStatements([nest], (statement) => {
    if (statement.kind !== 'for' || statement.binding?.dimension !== dimension) return;
    const known = statement.binding.group;
    demand(known === group, `dimension ${dimension} has groups of ${known} already, not ${group}`);
  });
}

function requireUnread(nest: Statement, outputs: Outputs): void {
  visitBlockExpressions([nest], (expression) => {
    const reads = expression.kind === 'load' && outputs.has(expression.buffer) ? expression.buffer : undefined;
    demand(reads === undefined, `${reads} is read and written`);
  });
}

function requireBindable(path: Path, { dimension }: Binding, outputs: Outputs): void {
  const loop = path.at(-1)?.at as Loop;
  demand(loop.axis === 'space', `${loop.name} is a reduction and cannot be bound`);
  demand(loop.mode === 'serial', `${loop.name} is ${loop.mode} already`);
  const around = new Set<string>();
  for (const { block, at } of path) {
    demand(
      block.every(({ kind }) => kind !== 'local'),
      `${loop.name} shares a local with what stands around it`,
    );
    if (at.kind === 'for' && at !== loop) {
      demand(at.axis === 'space', `${loop.name} stands inside the reduction ${at.name}`);
      demand(at.mode !== 'vector' && at.mode !== 'parallel', `${loop.name} stands inside ${at.name}, which is ${at.mode}`);
      demand(at.binding?.dimension !== dimension, `${at.name} is bound to dimension ${dimension} already`);
    }
    requireApart(block, outputs, around);
    if (at.kind === 'for') around.add(at.name);
  }
  visitStatements(loop.body, (inner) => {
    const taken = inner.kind === 'for' && inner.binding?.dimension === dimension ? inner.name : undefined;
    demand(taken === undefined, `${taken} is bound to dimension ${dimension} already`);
  });
}

interface Written {
  readonly store: Store;
  readonly facts: readonly Condition[];
}

/** No element is written by two statements of a block. */
function requireApart(block: readonly Statement[], outputs: Outputs, around: ReadonlySet<string>): void {
  if (block.length < 2) return;
  const written = block.map((statement) => writtenBy([statement], []));
  for (const [i, stores] of written.entries()) {
    for (const a of stores) {
      for (const b of written.slice(i + 1).flat()) {
        const isSame = a.store.buffer === b.store.buffer && !areApart(a, b, outputs.get(a.store.buffer) ?? [], around);
        demand(!isSame, `two statements may write one element of ${a.store.buffer}`);
      }
    }
  }
}

function writtenBy(block: readonly Statement[], facts: readonly Condition[]): Written[] {
  const locals = new Set<string>();
  const written: Written[] = [];
  for (const statement of block) {
    if (statement.kind === 'local') locals.add(statement.buffer.name);
    else if (statement.kind === 'store') written.push({ store: statement, facts });
    else if (statement.kind === 'for') written.push(...writtenBy(statement.body, facts));
    else written.push(...writtenBy(statement.body, [...facts, ...statement.conditions]));
  }
  return written.filter(({ store }) => !locals.has(store.buffer));
}

/**
 * By the range of an axis, or that of the place in memory, which is simple where rows and columns are one loop.
 * @param around loops that both stand in
 */
function areApart(a: Written, b: Written, shape: Shape, around: ReadonlySet<string>): boolean {
  const axes = a.store.index.map((at, axis) => [at, b.store.index[axis] ?? at] as const);
  const places = [flatIndex(a.store.index, shape), flatIndex(b.store.index, shape)] as const;
  return [...axes, withoutCommon(...places, around)].some(([at, other]) => {
    const [low, high] = rangeUnder(at, a.facts);
    const [otherLow, otherHigh] = rangeUnder(other, b.facts);
    return high < otherLow || otherHigh < low;
  });
}

/** Two indices less what the loops around both add to both. */
function withoutCommon(a: Affine, b: Affine, around: ReadonlySet<string>): readonly [Affine, Affine] {
  const isCommon = ({ atom, coefficient }: Affine['terms'][number]): boolean =>
    atom.kind === 'variable' &&
    around.has(atom.name) &&
    strideOf(a, atom.name) === coefficient &&
    strideOf(b, atom.name) === coefficient;
  const strip = (index: Affine): Affine => ({ ...index, terms: index.terms.filter((term) => !isCommon(term)) });
  return [strip(a), strip(b)];
}
