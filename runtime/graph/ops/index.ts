// Every canonical operator. One file an operator; the kind is the file's name.

import { OnboxError } from '../../core/error.js';
import type { OpDefinition } from '../graph.js';
import { abs } from './abs.js';
import { acos } from './acos.js';
import { acosh } from './acosh.js';
import { add } from './add.js';
import { and } from './and.js';
import { asin } from './asin.js';
import { asinh } from './asinh.js';
import { atan } from './atan.js';
import { atanh } from './atanh.js';
import { cast } from './cast.js';
import { ceil } from './ceil.js';
import { clip } from './clip.js';
import { cos } from './cos.js';
import { cosh } from './cosh.js';
import { div } from './div.js';
import { elu } from './elu.js';
import { equal } from './equal.js';
import { erf } from './erf.js';
import { exp } from './exp.js';
import { floor } from './floor.js';
import { gelu } from './gelu.js';
import { greater } from './greater.js';
import { greaterEqual } from './greater-equal.js';
import { hardSigmoid } from './hard-sigmoid.js';
import { hardSwish } from './hard-swish.js';
import { isNan } from './is-nan.js';
import { leakyRelu } from './leaky-relu.js';
import { less } from './less.js';
import { lessEqual } from './less-equal.js';
import { log } from './log.js';
import { max } from './max.js';
import { min } from './min.js';
import { mish } from './mish.js';
import { mod } from './mod.js';
import { mul } from './mul.js';
import { neg } from './neg.js';
import { not } from './not.js';
import { or } from './or.js';
import { pow } from './pow.js';
import { prelu } from './prelu.js';
import { reciprocal } from './reciprocal.js';
import { relu } from './relu.js';
import { round } from './round.js';
import { selu } from './selu.js';
import { sigmoid } from './sigmoid.js';
import { sign } from './sign.js';
import { silu } from './silu.js';
import { sin } from './sin.js';
import { sinh } from './sinh.js';
import { softplus } from './softplus.js';
import { softsign } from './softsign.js';
import { sqrt } from './sqrt.js';
import { sub } from './sub.js';
import { tan } from './tan.js';
import { tanh } from './tanh.js';
import { thresholdedRelu } from './thresholded-relu.js';
import { where } from './where.js';
import { xor } from './xor.js';

const definitions: readonly OpDefinition[] = [
  abs,
  acos,
  acosh,
  add,
  and,
  asin,
  asinh,
  atan,
  atanh,
  cast,
  ceil,
  clip,
  cos,
  cosh,
  div,
  elu,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterEqual,
  hardSigmoid,
  hardSwish,
  isNan,
  leakyRelu,
  less,
  lessEqual,
  log,
  max,
  min,
  mish,
  mod,
  mul,
  neg,
  not,
  or,
  pow,
  prelu,
  reciprocal,
  relu,
  round,
  selu,
  sigmoid,
  sign,
  silu,
  sin,
  sinh,
  softplus,
  softsign,
  sqrt,
  sub,
  tan,
  tanh,
  thresholdedRelu,
  where,
  xor,
];

/** By kind. `fused` is none of them: it is a node with a body. */
export const operators: ReadonlyMap<string, OpDefinition> = new Map(
  definitions.map((definition) => [definition.kind, definition]),
);

/** @throws OnboxError `op-unknown` if there is no operator of this kind */
export function operator(kind: string): OpDefinition {
  const definition = operators.get(kind);
  if (definition === undefined) throw new OnboxError(`no operator is called ${JSON.stringify(kind)}`, { code: 'op-unknown' });
  return definition;
}
