// What a program looks like before it is scheduled: the space loops down to the point where values are computed, and the reductions
// there. Schedules are derived from this alone; no operator is known by name.

import { addVariables, indicesOf, visitExpressions } from '../loop/expression.js';
import type { Branch, Loop, Program, Statement, Store } from '../loop/program.js';
import { storesOf } from '../loop/statement.js';

export interface Anatomy {
  /** Space loops around the point, outermost first. */
  readonly space: readonly Loop[];
  /** The statements inside all of them. */
  readonly point: readonly Statement[];
  /** Loops of the first reduction in the point, outermost first; empty where there is none. */
  readonly reduce: readonly Loop[];
  /** The store that folds terms in that reduction. */
  readonly fold: Store | undefined;
  /** For each load of the fold's term: the names of the loops that it depends on, and its buffer. */
  readonly loads: readonly { readonly buffer: string; readonly loops: ReadonlySet<string> }[];
}

export function anatomyOf(program: Program): Anatomy {
  const space: Loop[] = [];
  let point = program.body;
  for (let main = point.at(-1); leadsOn(main, point); main = point.at(-1)) {
    if (main.kind === 'for') space.push(main);
    point = main.body;
  }
  const reduce = reductionOf(point);
  const fold = reduce.length === 0 ? undefined : storesOf([reduce[0] as Loop]).find((store) => store.combine !== undefined);
  return { space, point, reduce, fold, loads: fold === undefined ? [] : loadsOf(fold) };
}

/** The nest goes on in the last statement of a block, a loop or the guard of a split; before it only a border may be cleared. */
function leadsOn(main: Statement | undefined, block: readonly Statement[]): main is Loop | Branch {
  if (main === undefined || block.some((statement) => statement.kind === 'local')) return false;
  return (main.kind === 'for' && main.axis === 'space') || (main.kind === 'if' && block.length === 1);
}

function reductionOf(point: readonly Statement[]): Loop[] {
  const loops: Loop[] = [];
  let block = point;
  for (;;) {
    const next = block.find((statement): statement is Loop => statement.kind === 'for' && statement.axis === 'reduce');
    if (next === undefined) return loops;
    loops.push(next);
    block = next.body;
  }
}

function loadsOf(fold: Store): { buffer: string; loops: Set<string> }[] {
  const loads: { buffer: string; loops: Set<string> }[] = [];
  visitExpressions(fold.value, (inner) => {
    if (inner.kind !== 'load') return;
    const loops = new Set<string>();
    for (const index of indicesOf(inner)) addVariables(index, loops);
    loads.push({ buffer: inner.buffer, loops });
  });
  return loads;
}
