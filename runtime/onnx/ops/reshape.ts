// Operators that only give the same elements another shape.

import { elementCount } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const reshape: Importers = {
  Flatten: importFlatten,
  Reshape: importReshape,
  Squeeze: importSqueeze,
  Unsqueeze: importUnsqueeze,
};

/** 0 keeps the input's extent (unless allowzero), a single -1 takes what is left. */
function importReshape(call: OnnxCall): Value {
  const x = call.input(0);
  const asked = call.constantNumbers(1, 'shape') ?? [];
  const allowZero = call.flag('allowzero', false);
  const extents = asked.map((extent, axis) => {
    const resolved = extent === 0 && !allowZero ? x.type.shape[axis] : extent;
    if (resolved === undefined || resolved < -1) throw call.invalid(`cannot reshape [${x.type.shape}] to [${asked}]`);
    return resolved;
  });
  const known = extents.filter((extent) => extent !== -1);
  if (extents.length - known.length > 1) throw call.invalid(`[${asked}] has more than one -1`);
  const rest = elementCount(x.type.shape) / elementCount(known);
  const shape = extents.map((extent) => (extent === -1 ? rest : extent));
  if (!Number.isInteger(rest)) throw call.invalid(`cannot reshape [${x.type.shape}] to [${asked}]`);
  return call.emit('reshape', [x], { shape });
}

function importFlatten(call: OnnxCall): Value {
  const x = call.input(0);
  const { shape } = x.type;
  const axis = call.number('axis', 1);
  const split = axis === shape.length ? axis : call.axis(axis, shape.length);
  return call.emit('reshape', [x], { shape: [elementCount(shape.slice(0, split)), elementCount(shape.slice(split))] });
}

function importSqueeze(call: OnnxCall): Value {
  const x = call.input(0);
  const { shape } = x.type;
  const given = call.integersOf(1, 'axes');
  const axes = given ? call.axes(given, shape.length) : shape.map((_, axis) => axis).filter((axis) => shape[axis] === 1);
  const wide = axes.find((axis) => shape[axis] !== 1);
  if (wide !== undefined) throw call.invalid(`cannot squeeze axis ${wide} of [${shape}]`);
  return call.emit('reshape', [x], { shape: shape.filter((_, axis) => !axes.includes(axis)) });
}

function importUnsqueeze(call: OnnxCall): Value {
  const x = call.input(0);
  const given = call.integersOf(1, 'axes');
  if (!given) throw call.invalid('axes are missing');
  const rank = x.type.shape.length + given.length;
  const axes = call.axes(given, rank);
  const rest = [...x.type.shape];
  const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? 1)));
  return call.emit('reshape', [x], { shape });
}
