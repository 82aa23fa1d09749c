// Which iterations threads share out. Parallel loops that stand side by side, as a main part and its tail, share one range: the first
// has its first iterations, the next goes on. Around them may stand space loops, which every thread then runs for its own part.

import type { Statement } from './program.js';

/** Iterations that are shared out in a block; undefined where none are. */
export function sharedExtent(block: readonly Statement[]): number | undefined {
  let side = 0;
  let inside: number | undefined;
  for (const statement of block) {
    if (statement.kind !== 'for' && statement.kind !== 'if') continue;
    if (statement.kind === 'for' && statement.mode === 'parallel') side += statement.extent;
    else inside ??= sharedExtent(statement.body);
  }
  return side > 0 ? side : inside;
}

/** Why the loops of a statement cannot be shared out as they stand; undefined where they can, or where none is parallel. */
export function sharingFault(statement: Statement): string | undefined {
  if (statement.kind !== 'for' && statement.kind !== 'if') return undefined;
  if (sharedExtent([statement]) === undefined) return undefined;
  const { body } = statement;
  if (statement.kind === 'for' && statement.mode === 'parallel') {
    return sharedExtent(body) === undefined ? undefined : `${statement.name} has a parallel loop inside`;
  }
  if (statement.kind === 'if') return 'a condition stands around a parallel loop';
  if (statement.axis !== 'space' || statement.mode !== 'serial') {
    const { name, mode, axis } = statement;
    return `${name} is ${axis === 'space' ? mode : 'a reduction'} and has a parallel loop inside`;
  }
  const local = body.find(({ kind }) => kind === 'local');
  if (local?.kind === 'local') return `${local.buffer.name} is declared beside a parallel loop in ${statement.name}`;
  const extents = new Set(body.flatMap((inner) => (isParallel(inner) ? [] : (sharedExtent([inner]) ?? []))));
  if (body.some(isParallel) ? extents.size > 0 : extents.size > 1)
    return `the parallel loops in ${statement.name} do not go together`;
  return body.map(sharingFault).find((fault) => fault !== undefined);
}

function isParallel(statement: Statement): boolean {
  return statement.kind === 'for' && statement.mode === 'parallel';
}
