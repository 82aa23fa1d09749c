// Conv, 1-D and 2-D.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { emit2d, readWindow } from '../window.js';

export const conv: Importers = { Conv: importConv };

function importConv(call: OnnxCall): Value {
  const [x, w, b] = [call.input(0), call.input(1), call.inputs[2]];
  const kernel = w.type.shape.slice(2);
  const declared = call.integers('kernel_shape') ?? kernel;
  if (declared.join() !== kernel.join())
    throw call.invalid(`kernel_shape [${declared}] is not that of the weights, [${kernel}]`);
  const { strides, pads, dilations } = readWindow(call, x.type.shape.slice(2), kernel);
  const inputs = b ? [x, w, b] : [x, w];
  return emit2d(call, 'conv', inputs, 2, { group: call.number('group', 1), strides, pads, dilations });
}
