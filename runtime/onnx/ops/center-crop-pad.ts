// CenterCropPad: cuts or pads axes around their middle, to the extents that an input gives.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const centerCropPad: Importers = { CenterCropPad: importCenterCropPad };

function importCenterCropPad(call: OnnxCall): Value {
  const x = call.input(0);
  const { shape } = x.type;
  const axes = (call.integers('axes') ?? shape.map((_, axis) => axis)).map((axis) => call.axis(axis, shape.length));
  const wanted = call.constantNumbers(1, 'shape') ?? [];
  if (wanted.length !== axes.length) throw call.invalid(`shape wants ${axes.length} numbers, got [${wanted}]`);
  const extents = [...shape];
  axes.forEach((axis, i) => {
    extents[axis] = wanted[i] ?? 1;
  });
  const sizes = shape.map((extent, axis) => Math.min(extent, extents[axis] ?? extent));
  const starts = shape.map((extent, axis) => Math.floor((extent - (sizes[axis] ?? extent)) / 2));
  const missing = sizes.map((size, axis) => (extents[axis] ?? size) - size);
  const before = missing.map((count) => Math.floor(count / 2));
  const after = missing.map((count, axis) => count - (before[axis] ?? 0));
  const isWhole = sizes.every((size, axis) => size === shape[axis]);
  const middle = isWhole ? x : call.emit('slice', [x], { starts, steps: shape.map(() => 1), sizes });
  return missing.every((count) => count === 0)
    ? middle
    : call.emit('pad', [middle], { mode: 'constant', pads: [...before, ...after], value: 0 });
}
