// Conv, 1-D and 2-D.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { alongAxis, isScalar, scaledOf, scaledValue, sumOfProducts, toFloat, wholeBias } from '../levels.js';
import { emit2d, readWindow, type Window } from '../window.js';

export const conv: Importers = { Conv: importConv };

function importConv(call: OnnxCall): Value {
  const [x, w, b] = [call.input(0), call.input(1), call.inputs[2]];
  const kernel = w.type.shape.slice(2);
  const declared = call.integers('kernel_shape') ?? kernel;
  if (declared.join() !== kernel.join())
    throw call.invalid(`kernel_shape [${declared}] is not that of the weights, [${kernel}]`);
  const window = readWindow(call, x.type.shape.slice(2), kernel);
  const { strides, pads, dilations } = window;
  const whole = convOfLevels(call, window);
  if (whole !== undefined) return whole;
  const inputs = b ? [x, w, b] : [x, w];
  return emit2d(call, 'conv', inputs, 2, { group: call.number('group', 1), strides, pads, dilations });
}

/** Where input, weights and bias came in levels: the exact sum of their products, and its factor. */
function convOfLevels(call: OnnxCall, { strides, pads, dilations }: Window): Value | undefined {
  const [x, w, b] = [scaledOf(call.input(0)), scaledOf(call.input(1)), call.inputs[2]];
  if (x === undefined || w === undefined || !isScalar(x.factor) || call.input(0).type.shape.length !== 4) return undefined;
  const perOutput = alongAxis(call, w.factor, 1, 4);
  if (perOutput === undefined) return undefined;
  const factor = call.emit('mul', [call.reshape(x.factor, []), perOutput]);
  const bias = b && wholeBias(b, factor);
  if (b !== undefined && bias === undefined) return undefined;
  const [, ...window] = call.input(1).type.shape;
  const sum = sumOfProducts(call, {
    op: 'conv',
    attributes: { group: call.number('group', 1), strides, pads, dilations },
    a: x,
    b: w,
    ...(bias === undefined ? {} : { bias }),
    terms: window.reduce((product, extent) => product * extent, 1),
  });
  return scaledValue(call, toFloat(call, sum), factor, Number.POSITIVE_INFINITY);
}
