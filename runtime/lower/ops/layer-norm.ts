// The axes from `axis` on to mean 0 and variance 1, then scale and bias, which broadcast to those axes.

import { numberAttribute } from '../../graph/attributes.js';
import { constant } from '../../loop/affine.js';
import { broadcastIndex } from '../broadcast.js';
import type { Lowering } from '../lowering.js';
import { axesFrom, normalized, scaleAndShift } from '../normalization.js';
import { regionOf } from '../reduce.js';

export const layerNorm: Lowering = {
  kind: 'layer-norm',
  sharedAxes: (attributes, { shape }) => axesFrom(numberAttribute(attributes, 'axis'), shape),
  value(scope, index) {
    const [x, scale, bias] = [scope.input(0), scope.input(1), scope.operand(2)];
    const axes = axesFrom(numberAttribute(scope.attributes, 'axis'), x.type.shape);
    const region = regionOf(scope, axes, (axis) => index[axis] ?? constant(0));
    const inner = index.slice(index.length - axes.length);
    return scaleAndShift(normalized(scope, region, x.read(index)), scale, bias, ({ type }) =>
      broadcastIndex(inner, type.shape),
    );
  },
};
