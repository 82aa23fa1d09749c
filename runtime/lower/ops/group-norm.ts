// Each group of channels of each image to mean 0 and variance 1, then scale and bias of the channel.

import { numberAttribute } from '../../graph/attributes.js';
import { type Affine, add, constant, quotient, scale as times } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';
import { axesFrom, normalized, scaleAndShift } from '../normalization.js';
import type { Region } from '../reduce.js';

export const groupNorm: Lowering = {
  kind: 'group-norm',
  sharedAxes: (_, { shape }) => axesFrom(2, shape),
  value(scope, index) {
    const [x, scale, bias] = [scope.input(0), scope.input(1), scope.input(2)];
    const [n, channel] = index as [Affine, Affine];
    const [, channels = 1, ...plane] = x.type.shape;
    const members = channels / numberAttribute(scope.attributes, 'groups');
    const first = times(quotient(channel, members), members);
    const extents = [members, ...plane];
    const region: Region = {
      axes: extents.map((extent) => ({ name: 'k', extent })),
      count: extents.reduce((product, extent) => product * extent, 1),
      element: (member = constant(0), ...at) => x.read([n, add(first, member), ...at]),
    };
    return scaleAndShift(normalized(scope, region, x.read(index)), scale, bias, () => [channel]);
  },
};
