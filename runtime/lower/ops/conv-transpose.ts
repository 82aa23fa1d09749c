// Transposed convolution, as a sum over the cells that reach an output element: cell r reaches h from the input row i where
// i * stride + r * dilation = h + pad.

import { integersAttribute, numberAttribute } from '../../graph/attributes.js';
import { type Affine, add, offset, quotient, remainder, scale, subtract } from '../../loop/affine.js';
import { call, guard } from '../../loop/expression.js';
import type { Condition } from '../../loop/program.js';
import { channelsOf } from '../channels.js';
import type { Lowering } from '../lowering.js';
import { like } from '../pointwise.js';

export const convTranspose: Lowering = {
  kind: 'conv-transpose',
  value(scope, index) {
    const [x, w, bias] = [scope.input(0), scope.input(1), scope.operand(2)];
    const [n, o, h, v] = index as [Affine, Affine, Affine, Affine];
    const [channels, outputs, rows, columns] = w.type.shape as [number, number, number, number];
    const [down, across] = integersAttribute(scope.attributes, 'strides') as [number, number];
    const [dilationDown, dilationAcross] = integersAttribute(scope.attributes, 'dilations') as [number, number];
    const [top, left] = integersAttribute(scope.attributes, 'pads') as [number, number];
    const group = numberAttribute(scope.attributes, 'group');
    const perGroup = channels / group;
    const inputs = channelsOf(x, perGroup, group);
    const firstChannel = scale(quotient(o, outputs), perGroup);
    const vertical = reaching(offset(h, top), rows, down, dilationDown);
    const horizontal = reaching(offset(v, left), columns, across, dilationAcross);
    return scope.reduce({
      combine: 'add',
      axes: [inputs.outer, { name: 'r', extent: vertical.extent }, { name: 's', extent: horizontal.extent }, inputs.inner],
      ...(bias === undefined ? {} : { start: bias.read([o]) }),
      term: (io, r, s, ii) => {
        const i = inputs.at(io as Affine, ii as Affine);
        const channel = add(firstChannel, i);
        const [row, column] = [vertical.at(r as Affine), horizontal.at(s as Affine)];
        const element = x.read([n, channel, row.source, column.source]);
        const product = call('mul', element, w.read([channel, remainder(o, outputs), row.cell, column.cell]));
        const reached = guard([...row.conditions, ...column.conditions], product, like(product, 0));
        return inputs.only(i, reached);
      },
    });
  },
};

/** A cell of the window, the input row (or column) from which it reaches the output, and when it does so at all. */
interface Reach {
  readonly cell: Affine;
  readonly source: Affine;
  readonly conditions: readonly Condition[];
}

/** The cells that may reach the padded output row `at`, and how many there are to try. */
function reaching(at: Affine, kernel: number, stride: number, dilation: number): { extent: number; at(t: Affine): Reach } {
  if (dilation === 1) {
    // Only every stride-th cell: at % stride, at % stride + stride, ... The weights past the last one are 0.
    const first = remainder(at, stride);
    const nearest = quotient(at, stride);
    return {
      extent: Math.ceil(kernel / stride),
      at: (t) => ({ cell: add(first, scale(t, stride)), source: subtract(nearest, t), conditions: [] }),
    };
  }
  return {
    extent: kernel,
    at: (cell) => {
      const distance = subtract(at, scale(cell, dilation));
      const conditions = [{ index: remainder(distance, stride), low: 0, high: 1 }];
      return { cell, source: quotient(distance, stride), conditions };
    },
  };
}
