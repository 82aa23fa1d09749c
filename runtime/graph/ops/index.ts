// Every canonical operator. One file an operator; the kind is the file's name.

import { OnboxError } from '../../core/error.js';
import type { OpDefinition } from '../graph.js';
import { abs } from './abs.js';
import { acos } from './acos.js';
import { acosh } from './acosh.js';
import { add } from './add.js';
import { and } from './and.js';
import { argMax } from './arg-max.js';
import { argMin } from './arg-min.js';
import { asin } from './asin.js';
import { asinh } from './asinh.js';
import { atan } from './atan.js';
import { atanh } from './atanh.js';
import { averagePool } from './average-pool.js';
import { batchNorm } from './batch-norm.js';
import { cast } from './cast.js';
import { ceil } from './ceil.js';
import { clip } from './clip.js';
import { concat } from './concat.js';
import { conv } from './conv.js';
import { convTranspose } from './conv-transpose.js';
import { copy } from './copy.js';
import { cos } from './cos.js';
import { cosh } from './cosh.js';
import { cumSum } from './cum-sum.js';
import { depthToSpace } from './depth-to-space.js';
import { div } from './div.js';
import { elu } from './elu.js';
import { equal } from './equal.js';
import { erf } from './erf.js';
import { exp } from './exp.js';
import { expand } from './expand.js';
import { floor } from './floor.js';
import { gather } from './gather.js';
import { gatherElements } from './gather-elements.js';
import { gatherNd } from './gather-nd.js';
import { gelu } from './gelu.js';
import { gemm } from './gemm.js';
import { greater } from './greater.js';
import { greaterEqual } from './greater-equal.js';
import { gridSample } from './grid-sample.js';
import { groupNorm } from './group-norm.js';
import { hardSigmoid } from './hard-sigmoid.js';
import { hardSwish } from './hard-swish.js';
import { instanceNorm } from './instance-norm.js';
import { isNan } from './is-nan.js';
import { layerNorm } from './layer-norm.js';
import { leakyRelu } from './leaky-relu.js';
import { less } from './less.js';
import { lessEqual } from './less-equal.js';
import { log } from './log.js';
import { logSoftmax } from './log-softmax.js';
import { lrn } from './lrn.js';
import { matmul } from './matmul.js';
import { max } from './max.js';
import { maxPool } from './max-pool.js';
import { maxPoolIndices } from './max-pool-indices.js';
import { min } from './min.js';
import { mish } from './mish.js';
import { mod } from './mod.js';
import { mul } from './mul.js';
import { neg } from './neg.js';
import { nonMaxSuppression } from './non-max-suppression.js';
import { nonZero } from './non-zero.js';
import { not } from './not.js';
import { or } from './or.js';
import { pad } from './pad.js';
import { pow } from './pow.js';
import { prelu } from './prelu.js';
import { reciprocal } from './reciprocal.js';
import { recurrence } from './recurrence.js';
import { reduceL1 } from './reduce-l1.js';
import { reduceL2 } from './reduce-l2.js';
import { reduceLogSum } from './reduce-log-sum.js';
import { reduceLogSumExp } from './reduce-log-sum-exp.js';
import { reduceMax } from './reduce-max.js';
import { reduceMean } from './reduce-mean.js';
import { reduceMin } from './reduce-min.js';
import { reduceProd } from './reduce-prod.js';
import { reduceSum } from './reduce-sum.js';
import { reduceSumSquare } from './reduce-sum-square.js';
import { relu } from './relu.js';
import { reshape } from './reshape.js';
import { resize } from './resize.js';
import { roiAlign } from './roi-align.js';
import { round } from './round.js';
import { scatterElements } from './scatter-elements.js';
import { scatterNd } from './scatter-nd.js';
import { selu } from './selu.js';
import { sigmoid } from './sigmoid.js';
import { sign } from './sign.js';
import { silu } from './silu.js';
import { sin } from './sin.js';
import { sinh } from './sinh.js';
import { slice } from './slice.js';
import { softmax } from './softmax.js';
import { softplus } from './softplus.js';
import { softsign } from './softsign.js';
import { spaceToDepth } from './space-to-depth.js';
import { split } from './split.js';
import { sqrt } from './sqrt.js';
import { sub } from './sub.js';
import { tan } from './tan.js';
import { tanh } from './tanh.js';
import { thresholdedRelu } from './thresholded-relu.js';
import { tile } from './tile.js';
import { topK } from './top-k.js';
import { transpose } from './transpose.js';
import { trilu } from './trilu.js';
import { where } from './where.js';
import { winogradInput } from './winograd-input.js';
import { winogradMultiply } from './winograd-multiply.js';
import { winogradOutput } from './winograd-output.js';
import { xor } from './xor.js';

const definitions: readonly OpDefinition[] = [
  abs,
  acos,
  acosh,
  add,
  and,
  argMax,
  argMin,
  asin,
  asinh,
  atan,
  atanh,
  averagePool,
  batchNorm,
  cast,
  ceil,
  clip,
  concat,
  conv,
  convTranspose,
  copy,
  cos,
  cosh,
  cumSum,
  depthToSpace,
  div,
  elu,
  equal,
  erf,
  exp,
  expand,
  floor,
  gather,
  gatherElements,
  gatherNd,
  gelu,
  gemm,
  greater,
  greaterEqual,
  gridSample,
  groupNorm,
  hardSigmoid,
  hardSwish,
  instanceNorm,
  isNan,
  layerNorm,
  leakyRelu,
  less,
  lessEqual,
  log,
  logSoftmax,
  lrn,
  matmul,
  max,
  maxPool,
  maxPoolIndices,
  min,
  mish,
  mod,
  mul,
  neg,
  nonMaxSuppression,
  nonZero,
  not,
  or,
  pad,
  pow,
  prelu,
  reciprocal,
  recurrence,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  resize,
  roiAlign,
  round,
  scatterElements,
  scatterNd,
  selu,
  sigmoid,
  sign,
  silu,
  sin,
  sinh,
  slice,
  softmax,
  softplus,
  softsign,
  spaceToDepth,
  split,
  sqrt,
  sub,
  tan,
  tanh,
  thresholdedRelu,
  tile,
  topK,
  transpose,
  trilu,
  where,
  winogradInput,
  winogradMultiply,
  winogradOutput,
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
