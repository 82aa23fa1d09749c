// Split.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const split: Importers = { Split: importSplit };

/** Sizes are an attribute before opset 13, then an input; from 18 on `num_outputs` asks for equal parts with a smaller last one. */
function importSplit(call: OnnxCall): Value[] {
  const x = call.input(0);
  const axis = call.axis(call.number('axis', 0), x.type.shape.length);
  const extent = x.type.shape[axis] ?? 0;
  const count = call.outputCount;
  if (call.number('num_outputs', count) !== count) throw call.invalid(`num_outputs differs from its ${count} outputs`);
  const part = Math.ceil(extent / Math.max(count, 1));
  const equal = () => Array.from({ length: count }, (_, index) => Math.min(part, extent - part * index));
  const sizes = call.integersOf(1, 'split') ?? equal();
  if (sizes.some((size) => size < 0)) throw call.invalid(`${extent} elements do not split into ${count} parts`);
  return call.emitAll('split', [x], { axis, sizes });
}
