// TopK, over three axes: what lies before its axis, the axis, what lies behind.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const topK: Importers = { TopK: importTopK };

function importTopK(call: OnnxCall): Value[] {
  const x = call.input(0);
  const { shape } = x.type;
  const axis = call.axis(call.number('axis', -1), shape.length);
  const k = call.constantNumbers(1, 'k')?.[0] ?? call.number('k');
  const product = (extents: readonly number[]) => extents.reduce((count, extent) => count * extent, 1);
  const rows = call.reshape(x, [product(shape.slice(0, axis)), shape[axis] ?? 1, product(shape.slice(axis + 1))]);
  const found = call.emitAll('top-k', [rows], { k, largest: call.flag('largest', true) });
  return found.map((value) => call.reshape(value, [...shape.slice(0, axis), k, ...shape.slice(axis + 1)]));
}
