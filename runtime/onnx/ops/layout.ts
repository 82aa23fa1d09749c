// Operators that move elements without computing: transpose, concat, split, expand, tile, blocks of channels, triangles.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const layout: Importers = {
  Concat: importConcat,
  DepthToSpace: (call) =>
    call.emit('depth-to-space', [call.input(0)], {
      blocksize: call.number('blocksize'),
      mode: call.choice('mode', ['DCR', 'CRD'], 'DCR'),
    }),
  Expand: importExpand,
  SpaceToDepth: (call) => call.emit('space-to-depth', [call.input(0)], { blocksize: call.number('blocksize') }),
  Split: importSplit,
  Tile: importTile,
  Transpose: importTranspose,
  Trilu: (call) =>
    call.emit('trilu', [call.input(0)], { upper: call.flag('upper', true), k: call.constantNumbers(1, 'diagonal')?.[0] ?? 0 }),
};

function importTranspose(call: OnnxCall): Value {
  const x = call.input(0);
  const rank = x.type.shape.length;
  const permutation = call.integers('perm') ?? x.type.shape.map((_, axis) => rank - 1 - axis);
  return call.emit('transpose', [x], { permutation });
}

function importConcat(call: OnnxCall): Value {
  const inputs = call.inputs.map((_, index) => call.input(index));
  return call.emit('concat', inputs, { axis: call.axis(call.number('axis'), call.input(0).type.shape.length) });
}

/** Sizes are an attribute before opset 13, then an input; from 18 on `num_outputs` asks for equal parts with a smaller last one. */
function importSplit(call: OnnxCall): Value[] {
  const x = call.input(0);
  const axis = call.axis(call.number('axis', 0), x.type.shape.length);
  const extent = x.type.shape[axis] ?? 0;
  const count = call.number('num_outputs', call.outputCount);
  const part = Math.ceil(extent / Math.max(count, 1));
  const equal = () => Array.from({ length: count }, (_, index) => Math.min(part, extent - part * index));
  const sizes = call.integersOf(1, 'split') ?? equal();
  if (sizes.some((size) => size < 0)) throw call.invalid(`${extent} elements do not split into ${count} parts`);
  return call.emitAll('split', [x], { axis, sizes });
}

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

function importTile(call: OnnxCall): Value {
  return call.emit('tile', [call.input(0)], { repeats: call.constantNumbers(1, 'repeats') ?? [] });
}
