// Concat.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const concat: Importers = { Concat: importConcat };

function importConcat(call: OnnxCall): Value {
  const inputs = call.inputs.map((_, index) => call.input(index));
  return call.emit('concat', inputs, { axis: call.axis(call.number('axis'), call.input(0).type.shape.length) });
}
