// Normalisations over a batch, an instance, a layer, groups and neighbouring channels.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

const epsilonDefault = 1e-5;

export const normalization: Importers = {
  BatchNormalization: importBatchNorm,
  GroupNormalization: importGroupNorm,
  InstanceNormalization: (call) =>
    call.emit('instance-norm', [call.input(0), call.input(1), call.input(2)], {
      epsilon: call.number('epsilon', epsilonDefault),
    }),
  LayerNormalization: importLayerNorm,
  LRN: importLrn,
  MeanVarianceNormalization: importMeanVariance,
  RMSNormalization: importRmsNorm,
  SimplifiedLayerNormalization: importRmsNorm,
};

/** In training mode the batch's own mean and variance count, and the running ones move towards them. */
function importBatchNorm(call: OnnxCall): Value[] {
  if (!call.flag('spatial', true)) throw call.invalid('spatial = 0 is not supported');
  const [x, scale, bias, mean, variance] = [call.input(0), call.input(1), call.input(2), call.input(3), call.input(4)];
  const epsilon = call.number('epsilon', epsilonDefault);
  if (!call.flag('training_mode', false)) return [call.emit('batch-norm', [x, scale, bias, mean, variance], { epsilon })];
  const axes = x.type.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const own = momentsOf(call, x, axes);
  const [batchMean, batchVariance] = [call.reshape(own.mean, mean.type.shape), call.reshape(own.variance, variance.type.shape)];
  const momentum = call.number('momentum', 0.9);
  const moved = (old: Value, batch: Value): Value => {
    const kept = call.emit('mul', [old, call.scalar(old.type.dtype, momentum)]);
    return call.emit('add', [kept, call.emit('mul', [batch, call.scalar(batch.type.dtype, 1 - momentum)])]);
  };
  const y = call.emit('batch-norm', [x, scale, bias, batchMean, batchVariance], { epsilon });
  return [y, moved(mean, batchMean), moved(variance, batchVariance)];
}

/** Mean and variance over `axes`, which keep their place with extent 1. */
function momentsOf(call: OnnxCall, x: Value, axes: readonly number[]): { centered: Value; mean: Value; variance: Value } {
  const mean = call.emit('reduce-mean', [x], { axes: [...axes], keepDims: true });
  const centered = call.emit('sub', [x, mean]);
  const squares = call.emit('mul', [centered, centered]);
  return { centered, mean, variance: call.emit('reduce-mean', [squares], { axes: [...axes], keepDims: true }) };
}

function importLayerNorm(call: OnnxCall): Value[] {
  const x = call.input(0);
  const axis = call.axis(call.number('axis', -1), x.type.shape.length);
  const [y, ...more] = layerNorm(call, [x, call.input(1), call.inputs[2]], axis, call.number('epsilon', epsilonDefault));
  return [y, ...more.filter((value) => value !== undefined)];
}

/** Over `axis` and those behind it. The second and third result, where the node has them, are the mean and the reciprocal of the deviation. */
export function layerNorm(
  call: OnnxCall,
  [x, scale, bias]: readonly [x: Value, scale: Value, bias: Value | undefined],
  axis: number,
  epsilon: number,
): [y: Value, mean?: Value, deviation?: Value] {
  const y = call.emit('layer-norm', bias ? [x, scale, bias] : [x, scale], { axis, epsilon });
  if (call.outputCount < 2) return [y];
  const axes = x.type.shape.map((_, index) => index).slice(axis);
  const { mean, variance } = momentsOf(call, x, axes);
  const deviation = call.emit('sqrt', [call.emit('add', [variance, call.scalar(variance.type.dtype, epsilon)])]);
  return [y, mean, call.emit('reciprocal', [deviation])];
}

/** Scaled to a mean of squares of 1, the mean itself left as it is. */
function importRmsNorm(call: OnnxCall): Value {
  const [x, scale] = [call.input(0), call.input(1)];
  const axis = call.axis(call.number('axis', -1), x.type.shape.length);
  const axes = x.type.shape.map((_, index) => index).slice(axis);
  const mean = call.emit('reduce-mean', [call.emit('mul', [x, x])], { axes, keepDims: true });
  const padded = call.emit('add', [mean, call.scalar(x.type.dtype, call.number('epsilon', epsilonDefault))]);
  return call.emit('mul', [call.emit('div', [x, call.emit('sqrt', [padded])]), scale]);
}

/** Over batch, rows and columns unless `axes` says otherwise. The function body in ONNX adds 1e-9 to the deviation. */
function importMeanVariance(call: OnnxCall): Value {
  const x = call.input(0);
  const axes = call.axes(call.integers('axes') ?? [0, 2, 3], x.type.shape.length);
  const { centered, variance } = momentsOf(call, x, axes);
  const deviation = call.emit('add', [call.emit('sqrt', [variance]), call.scalar(x.type.dtype, 1e-9)]);
  return call.emit('div', [centered, deviation]);
}

/** Before opset 21, scale and bias have an element a group instead of a channel. */
function importGroupNorm(call: OnnxCall): Value {
  const x = call.input(0);
  const channels = x.type.shape[1] ?? 0;
  const groups = call.number('num_groups');
  if (groups < 1 || channels % groups !== 0) throw call.invalid(`${channels} channels do not divide into ${groups} groups`);
  const perChannel = (value: Value): Value => {
    if (call.opset >= 21) return value;
    const column = call.reshape(value, [groups, 1]);
    return call.reshape(call.emit('expand', [column], { shape: [groups, channels / groups] }), [channels]);
  };
  const inputs = [x, perChannel(call.input(1)), perChannel(call.input(2))];
  return call.emit('group-norm', inputs, { groups, epsilon: call.number('epsilon', epsilonDefault) });
}

function importLrn(call: OnnxCall): Value {
  return call.emit('lrn', [call.input(0)], {
    size: call.number('size'),
    alpha: call.number('alpha', 1e-4),
    beta: call.number('beta', 0.75),
    bias: call.number('bias', 1),
  });
}
