// How the locals of a program live in generated code: as named variables, which the compiler keeps in registers, wherever every access
// has a constant place after unrolling; else as an array on the stack.

import { assert } from '../core/assert.js';
import { type Affine, affineKey, constant, constantOf } from '../loop/affine.js';
import { addVariables } from '../loop/expression.js';
import type { Buffer, Loop, Statement } from '../loop/program.js';
import { substituteBlock, visitBlockExpressions, visitStatements } from '../loop/statement.js';

import type { Dialect } from './dialect.js';

export type LocalForm =
  /** One C variable for every element. */
  | { readonly kind: 'scalars' }
  /** One vector variable for every row of the last axis. */
  | { readonly kind: 'vectors' }
  | { readonly kind: 'array' };

const namedMax = 256;

/**
 * The form of a local.
 * @param rest the statements after its declaration
 * @param insideVector the declaration stands inside a vector loop, so that each lane has its own
 */
export function localForm(
  buffer: Buffer,
  rest: readonly Statement[],
  { lanes, vectorDtype, whole }: Pick<Dialect, 'lanes' | 'vectorDtype' | 'whole'>,
  insideVector: boolean,
): LocalForm {
  const accesses = accessesOf(buffer.name, rest);
  const last = buffer.shape.at(-1) ?? 1;
  const count = buffer.shape.reduce((product, extent) => product * extent, 1);
  if (insideVector)
    return accesses.every((access) => access.index.every((at) => isFixed(at, access.loops)))
      ? { kind: 'vectors' }
      : { kind: 'array' };
  if (
    (buffer.dtype === vectorDtype || (buffer.dtype === 'i32' && whole !== undefined)) &&
    last > 1 &&
    last <= lanes &&
    count / last <= namedMax &&
    accesses.every((access) => isLaneAccess(access))
  ) {
    return { kind: 'vectors' };
  }
  const outside = accesses.every(({ index, loops }) => index.every((at) => isFixed(at, loops)) && !loops.some(isVector));
  return outside && count <= namedMax ? { kind: 'scalars' } : { kind: 'array' };
}

interface Access {
  readonly index: readonly Affine[];
  readonly loops: readonly Loop[];
}

function accessesOf(name: string, block: readonly Statement[]): Access[] {
  const accesses: Access[] = [];
  visitStatements(block, (statement, loops) => {
    if (statement.kind === 'store' && statement.buffer === name) accesses.push({ index: statement.index, loops });
  });
  visitBlockExpressions(block, (expression, loops) => {
    if (expression.kind === 'load' && expression.buffer === name) accesses.push({ index: expression.index, loops });
  });
  return accesses;
}

function isVector(loop: Loop): boolean {
  return loop.mode === 'vector';
}

/** Constant once the unrolled loops are written out. */
function isFixed(index: Affine, loops: readonly Loop[]): boolean {
  if (constantOf(index) !== undefined) return true;
  const unrolled = new Set(loops.filter((loop) => loop.mode === 'unroll').map((loop) => loop.name));
  const names = new Set<string>();
  addVariables(index, names);
  return names.size > 0 && [...names].every((name) => unrolled.has(name));
}

function isLaneAccess({ index, loops }: Access): boolean {
  const lane = loops.find(isVector);
  const last = index.at(-1);
  return (
    lane !== undefined &&
    last !== undefined &&
    affineKey(last) === lane.name &&
    index.slice(0, -1).every((at) => isFixed(at, loops))
  );
}

/** The value of an index that chooses a variable. */
export function fixedIndex(index: Affine | undefined): number {
  const value = index === undefined ? undefined : constantOf(index);
  assert(value !== undefined, 'a register with a varying index');
  return value;
}

/** Numbers of the variables that the statements use; a tail uses fewer than its array has. */
export function usedVariables(name: string, rest: readonly Statement[], strides: readonly number[], count: number): number[] {
  if (count === 1) return [0];
  const used = new Set<number>();
  visitStatements(rest, (statement, loops) => {
    if (statement.kind !== 'store' || statement.buffer !== name) return;
    const unrolled = loops.filter((loop) => loop.mode === 'unroll');
    const visit = (depth: number, replace: Map<string, Affine>): void => {
      const loop = unrolled[depth];
      if (loop === undefined) {
        const [store] = substituteBlock([statement], replace);
        assert(store?.kind === 'store', 'a store stays a store');
        used.add(strides.reduce((sum, stride, axis) => sum + stride * fixedIndex(store.index[axis]), 0));
        return;
      }
      for (let i = 0; i < loop.extent; i++) visit(depth + 1, new Map([...replace, [loop.name, constant(i)]]));
    };
    visit(0, new Map());
  });
  return [...used].sort((a, b) => a - b);
}
