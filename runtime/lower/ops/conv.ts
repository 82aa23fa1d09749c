// Convolution, direct: every output element sums over its input channels and window. Depthwise and grouped ones are the same
// statement with fewer channels.

import { integersAttribute, numberAttribute, zeroOf } from '../../graph/attributes.js';
import { type Affine, add, constant, offset, quotient, scale } from '../../loop/affine.js';
import { call, cast } from '../../loop/expression.js';
import { channelsOf } from '../channels.js';
import type { Lowering } from '../lowering.js';

export const conv: Lowering = {
  kind: 'conv',
  value(scope, index) {
    const [x, w, bias] = [scope.input(0), scope.input(1), scope.operand(2)];
    const [n, o, h, v] = index as [Affine, Affine, Affine, Affine];
    const [outputs, channels, rows, columns] = w.type.shape as [number, number, number, number];
    const group = numberAttribute(scope.attributes, 'group');
    const [sh, sw] = integersAttribute(scope.attributes, 'strides') as [number, number];
    const [dh, dw] = integersAttribute(scope.attributes, 'dilations') as [number, number];
    const [top, left] = integersAttribute(scope.attributes, 'pads') as [number, number];
    const firstChannel = group === 1 ? constant(0) : scale(quotient(o, outputs / group), channels);
    const inputs = channelsOf(x, channels, group);
    const dtype = scope.output.dtype;
    const zero = zeroOf(scope.attributes);
    const areLevels = x.type.dtype !== dtype;
    return scope.reduce({
      combine: 'add',
      axes: [inputs.outer, { name: 'r', extent: rows }, { name: 's', extent: columns }, inputs.inner],
      ...(bias === undefined ? {} : { start: bias.read([o]) }),
      term: (io, r, s, ii) => {
        const i = inputs.at(io as Affine, ii as Affine);
        const y = offset(add(scale(h, sh), scale(r as Affine, dh)), -top);
        const z = offset(add(scale(v, sw), scale(s as Affine, dw)), -left);
        const element = cast(x.read([n, add(firstChannel, i), y, z], zero), dtype);
        const product = call('mul', element, cast(w.read([o, i, r as Affine, s as Affine]), dtype));
        // Whatever level stands past the last channel is a number, which a weight of 0 stops.
        return areLevels ? product : inputs.only(i, product);
      },
    });
  },
};
