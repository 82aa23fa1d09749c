// Where the work-items of a kernel are: along each dimension of the grid, loops that are bound to it lie side by side where they stand
// in one block (a main part and its tail), and what stands beside them is done by one work-item, the next one, or shared out among all of
// them if it is a loop that reads nothing.

import { visitExpressions } from '../loop/expression.js';
import type { Statement } from '../loop/program.js';
import { visitStatements } from '../loop/statement.js';

export type Dimension = 0 | 1 | 2;
export const dimensions = [0, 1, 2] as const;

/** By dimension. */
export type Extents = readonly [number, number, number];

interface GridShape {
  /** Of a work-group. */
  readonly local: Extents;
  /** Whole work-groups. */
  readonly global: Extents;
}

/** Work-items that run a statement: from `first` on, `count` of them. */
export interface Turn {
  readonly dimension: Dimension;
  readonly first: number;
  readonly count: number;
  /** All of them do a part of it instead. */
  readonly isShared: boolean;
}

export function gridOf(body: readonly Statement[]): GridShape {
  const local: [number, number, number] = [1, 1, 1];
  visitStatements(body, (statement) => {
    if (statement.kind === 'for' && statement.binding !== undefined) {
      local[statement.binding.dimension] = statement.binding.group;
    }
  });
  const items = dimensions.map((dimension) => widthOf(body, dimension));
  const global = items.map((count, i) => Math.ceil(count / (local[i] ?? 1)) * (local[i] ?? 1));
  return { local, global: triple(global) };
}

function triple([x = 1, y = 1, z = 1]: readonly number[]): Extents {
  return [x, y, z];
}

/** For each statement of a block the dimensions along which not all work-items run it. */
export function turnsOf(block: readonly Statement[]): readonly (readonly Turn[])[] {
  const turns = block.map((): Turn[] => []);
  for (const dimension of dimensions) {
    if (!block.some((statement) => isBound(statement, dimension))) continue;
    let first = 0;
    for (const [i, statement] of block.entries()) {
      if (statement.kind !== 'for' || statement.binding?.dimension !== dimension) continue;
      turns[i]?.push({ dimension, first, count: statement.extent, isShared: false });
      first += statement.extent;
    }
    for (const [i, statement] of block.entries()) {
      if (isBound(statement, dimension)) continue;
      const light = isLight(statement);
      turns[i]?.push({ dimension, first: light ? 0 : first, count: 1, isShared: light && holdsLoop(statement) });
    }
  }
  return turns;
}

function widthOf(block: readonly Statement[], dimension: Dimension): number {
  let width = 1;
  for (const turns of turnsOf(block)) {
    for (const turn of turns) if (turn.dimension === dimension) width = Math.max(width, turn.first + turn.count);
  }
  for (const statement of block) {
    if (statement.kind === 'for' || statement.kind === 'if') width = Math.max(width, widthOf(statement.body, dimension));
  }
  return width;
}

function isBound(statement: Statement, dimension: Dimension): boolean {
  let bound = false;
  visitStatements([statement], (inner) => {
    if (inner.kind === 'for' && inner.binding?.dimension === dimension) bound = true;
  });
  return bound;
}

/** Whether a statement is done in a moment: it reads nothing, as what clears a border. */
function isLight(statement: Statement): boolean {
  let light = true;
  visitStatements([statement], (inner) => {
    if (inner.kind !== 'store') return;
    visitExpressions(inner.value, ({ kind }) => {
      if (kind === 'load') light = false;
    });
  });
  return light;
}

function holdsLoop(statement: Statement): boolean {
  if (statement.kind === 'if') return statement.body.every(holdsLoop);
  return statement.kind === 'for' && statement.axis === 'space' && statement.mode === 'serial';
}
