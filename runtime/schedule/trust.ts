// Whether a schedule from a file may be used on a program: legal, and of a size that the compiler and the kernel's stack can bear.

import { elementCount } from '../core/tensor.js';
import type { Program, Statement } from '../loop/program.js';
import { visitStatements } from '../loop/statement.js';
import { apply } from './apply.js';
import type { Schedule } from './steps.js';

/** Stores in straight-line code, those of unrolled loops counted as often as they are written. */
const storesMax = 20_000;
/** Elements of the locals of one kernel. */
const localElementsMax = 16_384;
/** A packed constant holds some elements more than once or beside padding. */
const packedGrowthMax = 4;
const packedSlack = 65_536;

/** True if every step of `schedule` is legal for `program` and what comes out is not out of proportion. */
export function isUsable(schedule: Schedule, program: Program): boolean {
  const applied = apply(schedule, program);
  if (!applied.legal) return false;
  const before = sizeOf(program.body);
  const after = sizeOf(applied.program.body);
  if (after.stores > Math.max(storesMax, before.stores) || after.locals > Math.max(localElementsMax, before.locals))
    return false;
  const constants = program.buffers.filter(({ role }) => role === 'constant');
  const held = constants.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const packed = applied.program.buffers.filter(({ role }) => role === 'packed');
  return packed.reduce((sum, { shape }) => sum + elementCount(shape), 0) <= held * packedGrowthMax + packedSlack;
}

function sizeOf(body: readonly Statement[]): { readonly stores: number; readonly locals: number } {
  let stores = 0;
  let locals = 0;
  visitStatements(body, (statement, loops) => {
    const copies = loops.reduce((product, loop) => (loop.mode === 'unroll' ? product * loop.extent : product), 1);
    if (statement.kind === 'store') stores += copies;
    if (statement.kind === 'local') locals += copies * elementCount(statement.buffer.shape);
  });
  return { stores, locals };
}
