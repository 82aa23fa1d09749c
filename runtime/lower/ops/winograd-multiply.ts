// Winograd's products: a matrix product for every plane.

import type { Affine } from '../../loop/affine.js';
import { call } from '../../loop/expression.js';
import { channelsOf } from '../channels.js';
import type { Lowering } from '../lowering.js';

export const winogradMultiply: Lowering = {
  kind: 'winograd-multiply',
  value(scope, index) {
    const [v, filters] = [scope.input(0), scope.input(1)];
    const [plane, o, down, across] = index as [Affine, Affine, Affine, Affine];
    const inputs = channelsOf(v, v.type.shape[1] ?? 1, 1);
    return scope.reduce({
      combine: 'add',
      axes: [inputs.outer, inputs.inner],
      term: (io, ii) => {
        const i = inputs.at(io as Affine, ii as Affine);
        return inputs.only(i, call('mul', v.read([plane, i, down, across]), filters.read([plane, o, i])));
      },
    });
  },
};
