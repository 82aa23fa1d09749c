// Clip: limits are attributes up to opset 6 and 10, optional inputs from 11. Limits that are computed at run time become min and max.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const clip: Importers = { Clip: importClip };

function importClip(call: OnnxCall): Value {
  const x = call.input(0);
  if (call.opset < 11) {
    return call.emit('clip', [x], { min: call.number('min', -Infinity), max: call.number('max', Infinity) });
  }
  const [, low, high] = call.inputs;
  if ([low, high].every((limit) => !limit || limit.constant)) {
    const min = call.constantNumbers(1, 'lower limit')?.[0] ?? -Infinity;
    const max = call.constantNumbers(2, 'upper limit')?.[0] ?? Infinity;
    return call.emit('clip', [x], { min, max });
  }
  // In this order an upper limit below the lower one wins, as ONNX says.
  const raised = low ? call.emit('max', [x, low]) : x;
  return high ? call.emit('min', [raised, high]) : raised;
}
