// All lowerings by kind.

import { assert } from '../../core/assert.js';
import type { Lowering } from '../lowering.js';
import { add } from './add.js';
import { clip } from './clip.js';
import { concat } from './concat.js';
import { conv } from './conv.js';
import { div } from './div.js';
import { gemm } from './gemm.js';
import { matmul } from './matmul.js';
import { max } from './max.js';
import { maxPool } from './max-pool.js';
import { min } from './min.js';
import { mul } from './mul.js';
import { pow } from './pow.js';
import { relu } from './relu.js';
import { reshape } from './reshape.js';
import { sigmoid } from './sigmoid.js';
import { silu } from './silu.js';
import { slice } from './slice.js';
import { softmax } from './softmax.js';
import { split } from './split.js';
import { sub } from './sub.js';
import { transpose } from './transpose.js';

const lowerings: ReadonlyMap<string, Lowering> = new Map(
  [
    add,
    clip,
    concat,
    conv,
    div,
    gemm,
    matmul,
    max,
    maxPool,
    min,
    mul,
    pow,
    relu,
    reshape,
    sigmoid,
    silu,
    slice,
    softmax,
    split,
    sub,
    transpose,
  ].map((lowering) => [lowering.kind, lowering]),
);

/** Whether an operator can be compiled. */
export function hasLowering(kind: string): boolean {
  return lowerings.has(kind);
}

/** The lowering of an operator that `hasLowering` knows. */
export function lowering(kind: string): Lowering {
  const found = lowerings.get(kind);
  assert(found !== undefined, `no lowering for ${kind}`);
  return found;
}
