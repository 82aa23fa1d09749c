// Each channel of each image to mean 0 and variance 1, then scale and bias of the channel.

import { type Affine, constant } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';
import { axesFrom, normalized, scaleAndShift } from '../normalization.js';
import { regionOf } from '../reduce.js';

export const instanceNorm: Lowering = {
  kind: 'instance-norm',
  sharedAxes: (_, { shape }) => axesFrom(2, shape),
  value(scope, index) {
    const [x, scale, bias] = [scope.input(0), scope.input(1), scope.input(2)];
    const channel: Affine = index[1] ?? constant(0);
    const region = regionOf(scope, axesFrom(2, x.type.shape), (axis) => index[axis] ?? constant(0));
    return scaleAndShift(normalized(scope, region, x.read(index)), scale, bias, () => [channel]);
  },
};
