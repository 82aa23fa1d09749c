// What is shared out among threads: in every nest the loop along which a thread finds in its own cache what it left there in the kernel
// before, if its iterations suffice; else the outermost loops, fused until there are enough.

import { dtypeBytes } from '../core/tensor.js';
import { dependsOn } from '../loop/affine.js';
import { variablesOf } from '../loop/expression.js';
import { buffersOf } from '../loop/flat.js';
import type { Buffer, Loop, Program, Statement } from '../loop/program.js';
import { sharedExtent } from '../loop/sharing.js';
import { findLoops, storesOf, visitBlockExpressions } from '../loop/statement.js';
import { apply } from './apply.js';
import type { ScheduleBuilder } from './builder.js';
import { freshName } from './items.js';
import type { Machine } from './machine.js';

/** Iterations for each thread: fewer, and the last one to finish keeps the others waiting. */
const iterationsMin = 2;
/** How much more than its share the slowest thread may have to do. */
const imbalanceMax = 1.15;

/**
 * Shares out every nest at the top of a program; nests of one name (a main part and its tail) are shared out alike.
 * @param chunks for each thread, as many iterations should fused loops have at least
 */
export function shareOut(builder: ScheduleBuilder, { threads }: Machine, chunks: number): void {
  for (const name of nestNames(builder.program)) {
    const loop = threads > 1 ? loopAlongRows(builder.program, name, threads) : undefined;
    if (loop === undefined) shareNest(builder, name, threads * chunks);
    else builder.try({ step: 'parallel', loop });
  }
}

/** Shares out the outermost loops alone. @param chunks as many iterations should they have, fused with those inside */
export function shareOutermost(builder: ScheduleBuilder, chunks: number): void {
  for (const name of nestNames(builder.program)) shareNest(builder, name, chunks);
}

function nestNames(program: Program): Set<string> {
  return new Set(program.body.flatMap((nest) => (nest.kind === 'for' && nest.axis === 'space' ? [nest.name] : [])));
}

/** A loop over rows that can be shared out, if the weights are no more than the maps, which would go from core to core otherwise. */
function loopAlongRows(program: Program, top: string, threads: number): string | undefined {
  const [nest] = findLoops(program.body, top);
  if (nest === undefined) return undefined;
  const buffers = buffersOf(program);
  return pathOf(nest).find((name) => {
    if (!movesRows(nest, name) || weightBytes(nest, name, buffers) > mapBytes(buffers.values())) return false;
    const applied = apply([{ step: 'parallel', loop: name }], program);
    if (!applied.legal) return false;
    const extent = sharedExtent(findLoops(applied.program.body, top)) ?? 1;
    return extent >= threads * iterationsMin && (Math.ceil(extent / threads) * threads) / extent <= imbalanceMax;
  });
}

/** The loops around the work of a nest, outermost first. */
function pathOf(nest: Loop): string[] {
  const names: string[] = [];
  for (let loop: Loop | undefined = nest; loop !== undefined; ) {
    if (loop.axis !== 'space' || loop.mode !== 'serial') break;
    names.push(loop.name);
    if (loop.body.some(({ kind }) => kind === 'local')) break;
    const inner: readonly Loop[] = loop.body.filter((statement): statement is Loop => statement.kind === 'for');
    loop = inner.toSorted((a, b) => workOf(b) - workOf(a))[0];
  }
  return names;
}

/** Stores that a statement makes, conditions aside. */
function workOf(statement: Statement): number {
  if (statement.kind === 'store') return 1;
  if (statement.kind === 'local') return 0;
  const inside = statement.body.reduce((sum, inner) => sum + workOf(inner), 0);
  return statement.kind === 'for' ? statement.extent * inside : inside;
}

/** Whether a loop moves values of [batch, channels, rows, …] along their rows alone. */
function movesRows(nest: Loop, name: string): boolean {
  return storesOf([nest]).some(({ index }) => index.length >= 4 && index.findIndex((at) => dependsOn(at, name)) === 2);
}

/** Bytes of the weights that every thread reads whole if `name` is shared out. */
function weightBytes(nest: Loop, name: string, buffers: ReadonlyMap<string, Buffer>): number {
  const whole = new Map<string, number>();
  visitBlockExpressions([nest], (expression) => {
    if (expression.kind !== 'load' || whole.get(expression.buffer) === 0) return;
    const buffer = buffers.get(expression.buffer);
    const isWeight = buffer?.role === 'constant' || buffer?.role === 'packed';
    if (isWeight) whole.set(buffer.name, variablesOf(expression).has(name) ? 0 : bytesOf(buffer));
  });
  return [...whole.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function mapBytes(buffers: Iterable<Buffer>): number {
  return [...buffers].reduce(
    (sum, buffer) => sum + (buffer.role === 'input' || buffer.role === 'output' ? bytesOf(buffer) : 0),
    0,
  );
}

function bytesOf({ dtype, shape }: Buffer): number {
  return shape.reduce((product, extent) => product * extent, dtypeBytes(dtype));
}

function shareNest(builder: ScheduleBuilder, top: string, wanted: number): void {
  let name = top;
  for (;;) {
    const [loop] = findLoops(builder.program.body, name);
    if (loop === undefined || loop.extent >= wanted) break;
    const [inner, ...rest] = loop.body;
    if (inner?.kind !== 'for' || rest.length > 0 || inner.axis !== 'space' || inner.mode !== 'serial') break;
    if (inner.body.every((statement) => statement.kind !== 'for')) break;
    const fused = freshName(builder.program);
    if (!builder.try({ step: 'fuse', outer: name, inner: inner.name, name: fused })) break;
    name = fused;
  }
  builder.try({ step: 'parallel', loop: name });
}
