// ConvTranspose, 1-D and 2-D. `output_shape` and auto_pad are turned into pads, as its schema says.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { emit2d, perAxis, readWindow, splitPads } from '../window.js';

export const convTranspose: Importers = { ConvTranspose: importConvTranspose };

function importConvTranspose(call: OnnxCall): Value {
  const [x, w, b] = [call.input(0), call.input(1), call.inputs[2]];
  const extents = x.type.shape.slice(2);
  const kernel = w.type.shape.slice(2);
  const window = readWindow(call, extents, kernel);
  const extra = perAxis(call, 'output_padding', extents.length, 0);
  const outputPads = extents.length === 1 ? [0, ...extra] : extra;
  const { strides, dilations } = window;
  const attributes = { group: call.number('group', 1), strides, dilations, ...fitOutput(call, extents, window, outputPads) };
  return emit2d(call, 'conv-transpose', b ? [x, w, b] : [x, w], 2, attributes);
}

/** Pads that give the extents which the node asks for; where no pad is negative, the rest is added at the end. */
function fitOutput(
  call: OnnxCall,
  extents: readonly number[],
  window: ReturnType<typeof readWindow>,
  outputPads: readonly number[],
): { pads: readonly number[]; outputPads: readonly number[] } {
  const mode = call.choice('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'], 'NOTSET');
  const rank = extents.length;
  const strides = window.strides.slice(-rank);
  const asked = call.integers('output_shape')?.slice(-rank);
  const wanted = asked ?? (mode.startsWith('SAME') ? extents.map((extent, axis) => extent * (strides[axis] ?? 1)) : undefined);
  if (!wanted) return { pads: window.pads, outputPads };
  const wide = rank === 1 ? [1, ...wanted] : wanted;
  const inputs = rank === 1 ? [1, ...extents] : extents;
  const totals = inputs.map((extent, axis) => {
    const [stride = 1, kernel = 1, dilation = 1] = [window.strides[axis], window.kernel[axis], window.dilations[axis]];
    return stride * (extent - 1) + (outputPads[axis] ?? 0) + (kernel - 1) * dilation + 1 - (wide[axis] ?? 0);
  });
  return {
    pads: splitPads(
      totals.map((total) => Math.max(0, total)),
      mode === 'SAME_UPPER',
    ),
    outputPads: outputPads.map((pad, axis) => pad + Math.max(0, -(totals[axis] ?? 0))),
  };
}
