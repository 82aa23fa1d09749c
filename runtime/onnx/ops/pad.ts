// Pad: attributes in opset 2, inputs from 11, some axes only from 18. A negative pad crops.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const pad: Importers = { Pad: importPad };

function importPad(call: OnnxCall): Value {
  const x = call.input(0);
  const rank = x.type.shape.length;
  const mode = call.choice('mode', ['constant', 'reflect', 'edge', 'wrap'], 'constant');
  const given = call.integersOf(1, 'pads') ?? [];
  const axes = (call.constantNumbers(3, 'axes') ?? x.type.shape.map((_, axis) => axis)).map((axis) => call.axis(axis, rank));
  if (given.length !== 2 * axes.length) throw call.invalid(`pads wants ${2 * axes.length} numbers, got [${given}]`);
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, index) => {
    pads[axis] = given[index] ?? 0;
    pads[rank + axis] = given[axes.length + index] ?? 0;
  });
  const value = call.constantNumbers(2, 'value')?.[0] ?? call.number('value', 0);
  return call.emit('pad', [crop(call, x, pads)], { mode, pads: pads.map((size) => Math.max(0, size)), value });
}

function crop(call: OnnxCall, x: Value, pads: readonly number[]): Value {
  const { shape } = x.type;
  if (pads.every((size) => size >= 0)) return x;
  const cut = pads.map((size) => Math.max(0, -size));
  const sizes = shape.map((extent, axis) => extent - (cut[axis] ?? 0) - (cut[shape.length + axis] ?? 0));
  if (sizes.some((size) => size < 0)) throw call.invalid(`pads [${pads}] crop more than [${shape}] has`);
  return call.emit('slice', [x], { starts: cut.slice(0, shape.length), steps: shape.map(() => 1), sizes });
}
