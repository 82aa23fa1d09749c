// How a thread runs its part of a block: the iterations from `begin` to `end` of what is shared out.

import { assert } from '../core/assert.js';
import type { Loop, Statement } from '../loop/program.js';
import { sharedExtent } from '../loop/sharing.js';

export type Share =
  /** A loop that is shared out. */
  | { readonly kind: 'part'; readonly loop: Loop; readonly from: string; readonly to: string }
  /** A loop around one, for every thread. */
  | { readonly kind: 'all'; readonly loop: Statement }
  /** What one thread does, before its part or after it. */
  | { readonly kind: 'once'; readonly statement: Statement; readonly test: string };

/** Undefined where nothing is shared out in the block. */
export function sharesOf(block: readonly Statement[]): readonly Share[] | undefined {
  const extent = sharedExtent(block);
  if (extent === undefined) return undefined;
  let first = 0;
  let isBefore = true;
  return block.map((statement): Share => {
    assert(statement.kind !== 'local', 'a local beside a parallel loop');
    const isPart = statement.kind === 'for' && statement.mode === 'parallel';
    if (!isPart && sharedExtent([statement]) === undefined) {
      return { kind: 'once', statement, test: isBefore ? 'begin == 0' : `end == ${extent}` };
    }
    isBefore = false;
    if (!isPart) return { kind: 'all', loop: statement };
    const range = rangeOf(first, statement.extent, extent);
    first += statement.extent;
    return { kind: 'part', loop: statement, ...range };
  });
}

/** Of iterations first … first + extent of `all`. */
function rangeOf(first: number, extent: number, all: number): { readonly from: string; readonly to: string } {
  const last = first + extent;
  return {
    from: first === 0 ? 'begin' : `begin > ${first} ? begin - ${first} : 0`,
    to: extent === all ? 'end' : `(end < ${last} ? end - ${first} : ${extent})`,
  };
}
