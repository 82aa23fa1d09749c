// Sink: moves a space loop inwards through a block, for L { a; for k { b }; c } -> for L { a }; for k { for L { b } }; for L { c }.
// Iterations of a space loop are independent, so each order of them is right; what one statement leaves to a later one in a local
// gets a place for every iteration.

import { type Affine, dependsOn, variable } from '../loop/affine.js';
import type { Condition, Loop, Program, Statement } from '../loop/program.js';
import { branch, mapBlock, visitBlockExpressions, visitStatements } from '../loop/statement.js';
import { withDistinctLocals } from './distinct.js';
import { demand } from './illegal.js';
import { replaceLoops } from './rewrite.js';

export function sink(program: Program, name: string): Program {
  const sunk = replaceLoops(program, name, (loop) => {
    demand(loop.axis === 'space', `${name} is a reduction and cannot sink`);
    demand(loop.mode === 'serial', `${name} is ${loop.mode} and cannot sink`);
    demand(holdsLoop(loop.body), `${name} stands directly around stores already`);
    return distribute(loop, loop.body, []);
  });
  return withDistinctLocals(sunk);
}

function holdsLoop(block: readonly Statement[]): boolean {
  return block.some((statement) => statement.kind === 'for' || (statement.kind === 'if' && holdsLoop(statement.body)));
}

/** `conditions` hold around the block and depend on the loop. */
function distribute(loop: Loop, block: readonly Statement[], conditions: readonly Condition[]): readonly Statement[] {
  const segments = segmentsOf(block);
  const shared = localsAcross(segments);
  const expanded = expandLocals(block, shared, loop);
  const declarations = expanded.filter((statement) => statement.kind === 'local' && shared.has(statement.buffer.name));
  const rest = segmentsOf(expanded.filter((statement) => !declarations.includes(statement)));
  return [...declarations, ...rest.flatMap((segment) => sinkSegment(loop, segment, conditions))];
}

/** Runs of statements without loops stay together; every statement with a loop inside stands alone. */
function segmentsOf(block: readonly Statement[]): Statement[][] {
  const segments: Statement[][] = [];
  let run: Statement[] | undefined;
  for (const statement of block) {
    if (holdsLoop([statement])) {
      segments.push([statement]);
      run = undefined;
    } else if (run === undefined) {
      run = [statement];
      segments.push(run);
    } else {
      run.push(statement);
    }
  }
  return segments;
}

function sinkSegment(loop: Loop, segment: readonly Statement[], conditions: readonly Condition[]): readonly Statement[] {
  const [only] = segment;
  if (only === undefined) return [];
  if (!holdsLoop(segment)) return [{ ...loop, body: branch(conditions, segment) }];
  if (only.kind === 'for') return [{ ...only, body: distribute(loop, only.body, conditions) }];
  demand(only.kind === 'if', 'a statement with a loop inside is a loop or a branch');
  const varying = only.conditions.filter((condition) => dependsOn(condition.index, loop.name));
  const fixed = only.conditions.filter((condition) => !varying.includes(condition));
  return branch(fixed, distribute(loop, only.body, [...conditions, ...varying]));
}

/** Locals that are declared in this block and used in more than one segment, or inside a segment with loops. */
function localsAcross(segments: readonly Statement[][]): Set<string> {
  const shared = new Set<string>();
  const declared = new Map<string, Statement[]>();
  for (const segment of segments) {
    for (const statement of segment) if (statement.kind === 'local') declared.set(statement.buffer.name, segment);
  }
  for (const segment of segments) {
    for (const name of buffersOf(segment)) {
      if (declared.has(name) && declared.get(name) !== segment) shared.add(name);
    }
  }
  return shared;
}

function buffersOf(block: readonly Statement[]): Set<string> {
  const names = new Set<string>();
  visitStatements(block, (statement) => {
    if (statement.kind === 'store') names.add(statement.buffer);
  });
  visitBlockExpressions(block, (expression) => {
    if (expression.kind === 'load') names.add(expression.buffer);
  });
  return names;
}

/** Gives locals a last axis for the iterations of the loop. */
function expandLocals(block: readonly Statement[], names: ReadonlySet<string>, loop: Loop): readonly Statement[] {
  if (names.size === 0) return block;
  const at = variable(loop.name, loop.extent);
  const moved = mapBlock(block, {
    load: (expression) => (names.has(expression.buffer) ? { ...expression, index: [...expression.index, at] } : expression),
  });
  return expandStores(moved, names, loop, at);
}

function expandStores(block: readonly Statement[], names: ReadonlySet<string>, loop: Loop, at: Affine): readonly Statement[] {
  return block.map((statement): Statement => {
    switch (statement.kind) {
      case 'local': {
        if (!names.has(statement.buffer.name)) return statement;
        return { kind: 'local', buffer: { ...statement.buffer, shape: [...statement.buffer.shape, loop.extent] } };
      }
      case 'store':
        return names.has(statement.buffer) ? { ...statement, index: [...statement.index, at] } : statement;
      default:
        return { ...statement, body: expandStores(statement.body, names, loop, at) };
    }
  });
}
