// Normalisations over a batch, an instance, a layer, groups and neighbouring channels. Only inference: the extra outputs
// of training are not computed.

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
};

function importBatchNorm(call: OnnxCall): Value {
  if (call.flag('training_mode', false)) throw call.invalid('training mode is not supported');
  if (!call.flag('spatial', true)) throw call.invalid('spatial = 0 is not supported');
  const inputs = [0, 1, 2, 3, 4].map((index) => call.input(index));
  return call.emit('batch-norm', inputs, { epsilon: call.number('epsilon', epsilonDefault) });
}

function importLayerNorm(call: OnnxCall): Value {
  const [x, scale, bias] = [call.input(0), call.input(1), call.inputs[2]];
  return call.emit('layer-norm', bias ? [x, scale, bias] : [x, scale], {
    axis: call.axis(call.number('axis', -1), x.type.shape.length),
    epsilon: call.number('epsilon', epsilonDefault),
  });
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
