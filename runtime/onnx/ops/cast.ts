// Cast and CastLike. Element types that onbox does not have (strings, bfloat16, float8) are refused.

import type { Dtype } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { dtypeByCode, typeName } from '../model.js';

export const cast: Importers = {
  Cast: importCast,
  CastLike: (call) => castTo(call, call.input(1).type.dtype),
};

function importCast(call: OnnxCall): Value {
  const code = call.number('to');
  const dtype = dtypeByCode[code];
  if (!dtype) throw call.invalid(`elements of type ${typeName(code)}, which onbox does not have`);
  return castTo(call, dtype);
}

function castTo(call: OnnxCall, to: Dtype): Value {
  const x = call.input(0);
  return x.type.dtype === to ? x : call.emit('cast', [x], { to });
}
