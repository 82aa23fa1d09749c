// The input channels that a convolution sums over.

import type { Affine } from '../loop/affine.js';
import { add, scale } from '../loop/affine.js';
import { guard } from '../loop/expression.js';
import type { Expression } from '../loop/program.js';
import type { Operand, ReduceAxis } from './lowering.js';
import { like } from './pointwise.js';

export interface Channels {
  /** The blocks of channels, to be walked outermost. */
  readonly outer: ReduceAxis;
  /** Those that lie side by side in memory, to be walked innermost. */
  readonly inner: ReduceAxis;
  at(outer: Affine, inner: Affine): Affine;
  /** A term, but for channels past the last one: what is stored there may be no number, which a weight of 0 would not stop. */
  only(channel: Affine, term: Expression): Expression;
}

/** The first `count` channels of each of `group` groups of `x`. */
export function channelsOf(x: Operand, count: number, group: number): Channels {
  const block = group === 1 ? x.block : 1;
  return {
    outer: { name: block === 1 ? 'i' : 'io', extent: Math.ceil(count / block) },
    inner: { name: 'ii', extent: block },
    at: (outer, inner) => add(scale(outer, block), inner),
    only: (channel, term) => guard([{ index: channel, low: 0, high: count }], term, like(term, 0)),
  };
}
