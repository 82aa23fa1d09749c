// Which loops are bound to work-items: all space loops around the point, the innermost along dimension 0, where neighbours read
// neighbouring memory.

import { addVariables, indicesOf, visitExpressions } from '../loop/expression.js';
import type { Loop, Program, Statement } from '../loop/program.js';
import { findLoops, storesOf, visitStatements } from '../loop/statement.js';
import type { ScheduleBuilder } from './builder.js';

const dimensionsMax = 3;
/** How much longer a sum takes whose work-items share nothing that they read. */
const sharedReads = 1.5;

interface ItemLimits {
  /** Floats in a vector. */
  readonly lanes: number;
  /** Work-items of a work-group along each dimension. */
  readonly sides: readonly number[];
}

/**
 * Binds the loops of every nest at the top of a program.
 * @param groupMax work-items of a work-group at most
 */
export function bindItems(builder: ScheduleBuilder, groupMax: number, { lanes, sides }: ItemLimits): void {
  const names = builder.program.body.flatMap((nest) => (nest.kind === 'for' ? [nest.name] : []));
  for (const name of new Set(names)) bindNest(builder, name, groupMax, sides);
  for (const name of shortLoops(builder.program, lanes)) builder.try({ step: 'vectorize', loop: name });
}

/** Loops of a vector that stand beside what was scheduled, as those that clear a border. */
function shortLoops(program: Program, lanes: number): Set<string> {
  const names = new Set<string>();
  visitStatements(program.body, (statement) => {
    if (statement.kind !== 'for' || !isBindable(statement) || statement.extent !== lanes) return;
    if (statement.body.every(({ kind }) => kind === 'store')) names.add(statement.name);
  });
  return names;
}

function bindNest(builder: ScheduleBuilder, top: string, groupMax: number, sides: readonly number[]): void {
  let loops = loopsOf(builder.program, top);
  while (loops.length > dimensionsMax) {
    const [outer, inner] = loops as [string, string];
    const name = freshName(builder.program);
    // What cannot be fused runs as a loop in every work-item.
    if (!builder.try({ step: 'fuse', outer, inner, name })) loops = loops.slice(1);
    else loops = [name, ...loops.slice(2)];
  }
  const inner = loops.toReversed();
  const groups = groupsFor(
    inner.map((name) => extentOf(builder.program, name)),
    { groupMax, sides, reads: readsOf(builder.program, top, inner) },
  );
  for (const [i, loop] of inner.entries()) {
    if (i === 0 || i === 1 || i === 2) builder.try({ step: 'bind', loop, dimension: i, group: groups[i] ?? 1 });
  }
}

/** A name that no loop has: q0, q1, … */
export function freshName(program: Program): string {
  for (let i = 0; ; i++) if (findLoops(program.body, `q${i}`).length === 0) return `q${i}`;
}

/** Names of the space loops of a nest down to the first block with a local, outermost first. */
function loopsOf(program: Program, top: string): string[] {
  const names: string[] = [];
  const walk = (block: readonly Statement[]): void => {
    if (block.some(({ kind }) => kind === 'local')) return;
    const main = block.filter((statement): statement is Loop => statement.kind === 'for' && isBindable(statement)).at(-1);
    if (main !== undefined) {
      names.push(main.name);
      walk(main.body);
      return;
    }
    const [only] = block;
    if (only?.kind === 'if' && block.length === 1) walk(only.body);
  };
  walk(program.body.filter((statement) => statement.kind === 'for' && statement.name === top).slice(0, 1));
  return names;
}

function isBindable({ axis, mode }: Loop): boolean {
  return axis === 'space' && mode === 'serial';
}

/** Iterations of the loops of a name together: a main part and its tail lie side by side. */
function extentOf(program: Program, name: string): number {
  return findLoops(program.body, name)[0]?.extent ?? 1;
}

/** For each place that the sums of a nest read: whether it moves with each of the loops. */
function readsOf(program: Program, top: string, loops: readonly string[]): boolean[][] {
  const reads = new Map<string, boolean[]>();
  for (const { value, combine } of storesOf(findLoops(program.body, top))) {
    if (combine === undefined) continue;
    visitExpressions(value, (expression) => {
      if (expression.kind !== 'load') return;
      const used = new Set<string>();
      for (const index of indicesOf(expression)) addVariables(index, used);
      const moves = loops.map((loop) => used.has(loop));
      reads.set(`${expression.buffer} ${moves.join()}`, moves);
    });
  }
  return [...reads.values()];
}

interface GroupWish {
  /** Work-items of a group at most. */
  readonly groupMax: number;
  readonly sides: readonly number[];
  /** See `readsOf`. */
  readonly reads: readonly (readonly boolean[])[];
}

/** The powers of two that leave few work-items idle and let those of a group share what they read. */
function groupsFor(extents: readonly number[], wish: GroupWish): number[] {
  let best: number[] = extents.map(() => 1);
  let bestCost = Number.POSITIVE_INFINITY;
  const visit = (groups: readonly number[], room: number): void => {
    const extent = extents[groups.length];
    if (extent === undefined) {
      const cost = costOf(extents, groups, wish);
      if (cost < bestCost) [best, bestCost] = [[...groups], cost];
      return;
    }
    const side = Math.min(room, wish.sides[groups.length] ?? 1);
    for (let group = 1; group <= side && group < extent * 2; group *= 2) visit([...groups, group], room / group);
  };
  visit([], wish.groupMax);
  return best;
}

function costOf(extents: readonly number[], groups: readonly number[], { groupMax, reads }: GroupWish): number {
  const padded = extents.reduce((product, extent, i) => product * Math.ceil(extent / (groups[i] ?? 1)) * (groups[i] ?? 1), 1);
  const size = groups.reduce((product, group) => product * group, 1);
  // A group of half the size wants almost a tenth more time, one that is short along the first dimension a little.
  const small = 1 + 0.09 * Math.log2(groupMax / size);
  const short = 1 + 0.03 * Math.log2(groupMax / (groups[0] ?? 1));
  // Places that a group reads, for each of its work-items: 1 where none of them share any.
  const distinct = reads.map((moves) => groups.reduce((product, group, i) => (moves[i] ? product * group : product), 1));
  const share = reads.length === 0 ? 0 : distinct.reduce((sum, count) => sum + count, 0) / size / reads.length;
  return padded * small * short * (1 + sharedReads * share);
}
