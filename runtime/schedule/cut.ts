// Cut: splits the range of a loop, so that what guards its ends (tails, padding) is decided once instead of in every iteration.

import { constantOf, offset, scale, strideOf, subtract, variable } from '../loop/affine.js';
import { type Condition, identityOf, type Loop, type Program, type Statement, type Store } from '../loop/program.js';
import { branch, substituteBlock } from '../loop/statement.js';
import { demand } from './illegal.js';
import { loopAround, replaceLoops } from './rewrite.js';

export function cut(program: Program, name: string, at: number): Program {
  return replaceLoops(program, name, (loop) => {
    demand(Number.isInteger(at) && at > 0 && at < loop.extent, `cut wants 0 < at < ${loop.extent} for ${name}, got ${at}`);
    return [...part(loop, 0, at), ...part(loop, at, loop.extent)];
  });
}

function part(loop: Loop, from: number, to: number): readonly Statement[] {
  const extent = to - from;
  const index = offset(variable(loop.name, extent), from);
  const body = tighten(substituteBlock(loop.body, new Map([[loop.name, index]])));
  return loop.mode === 'parallel' || loop.mode === 'item' ? [{ ...loop, extent, body }] : loopAround({ ...loop, extent }, body);
}

/** Shortens loops whose last iterations do nothing: for i in 0..8 { if i + 6 < 10 … } runs four times. */
function tighten(block: readonly Statement[]): readonly Statement[] {
  return block.flatMap((statement): readonly Statement[] => {
    if (statement.kind === 'store') return guardStore(statement);
    if (statement.kind === 'if') return branch(statement.conditions, tighten(statement.body));
    if (statement.kind === 'local') return [statement];
    const body = tighten(statement.body);
    const extent = usefulExtent({ ...statement, body });
    if (extent === statement.extent) return [{ ...statement, body }];
    const shorter = substituteBlock(body, new Map([[statement.name, variable(statement.name, extent)]]));
    if (extent === 0) return [];
    return loopAround({ ...statement, extent }, shorter);
  });
}

/** A term that is the identity of its reduction unless a guard holds needs no folding where it does not. */
function guardStore(store: Store): readonly Statement[] {
  const { value, combine } = store;
  if (combine === undefined || value.kind !== 'guard' || value.otherwise.kind !== 'number') return [store];
  if (value.otherwise.value !== identityOf(combine)) return [store];
  return branch(value.conditions, [{ ...store, value: value.value }]);
}

/** How many iterations from the first one may do something. */
function usefulExtent(loop: Loop): number {
  const conditions: Condition[] = [];
  let body = loop.body;
  for (
    let only = body[0];
    body.length === 1 && only !== undefined && only.kind !== 'store' && only.kind !== 'local';
    only = body[0]
  ) {
    if (only.kind === 'if') conditions.push(...only.conditions);
    body = only.body;
  }
  let extent = loop.extent;
  for (const { index, high } of conditions) {
    const stride = strideOf(index, loop.name);
    if (stride === undefined || stride <= 0) continue;
    const start = constantOf(subtract(index, scale(variable(loop.name, loop.extent), stride)));
    if (start !== undefined) extent = Math.min(extent, Math.max(0, Math.ceil((high - start) / stride)));
  }
  return extent;
}
