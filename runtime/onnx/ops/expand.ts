// Operators that repeat elements: Expand stretches axes of extent 1, Tile lays copies side by side.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const expand: Importers = {
  Expand: importExpand,
  Tile: (call) => call.emit('tile', [call.input(0)], { repeats: call.constantNumbers(1, 'repeats') ?? [] }),
};

function importExpand(call: OnnxCall): Value {
  const x = call.input(0);
  const asked = call.constantNumbers(1, 'shape') ?? [];
  const rank = Math.max(asked.length, x.type.shape.length);
  const at = (shape: readonly number[], axis: number) => shape[axis - rank + shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) => {
    const [have, want] = [at(x.type.shape, axis), at(asked, axis)];
    return want === 1 ? have : want;
  });
  return call.emit('expand', [x], { shape });
}
