// Transpose.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const transpose: Importers = { Transpose: importTranspose };

/** Without `perm`, the axes are reversed. */
function importTranspose(call: OnnxCall): Value {
  const x = call.input(0);
  const rank = x.type.shape.length;
  const permutation = call.integers('perm') ?? x.type.shape.map((_, axis) => rank - 1 - axis);
  return call.emit('transpose', [x], { permutation });
}
