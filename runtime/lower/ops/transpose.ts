// Transposition: axis i of the output is axis permutation[i] of the input.

import { integersAttribute } from '../../graph/attributes.js';
import type { Affine } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';

export const transpose: Lowering = {
  kind: 'transpose',
  value(scope, index) {
    const source: Affine[] = [];
    for (const [i, axis] of integersAttribute(scope.attributes, 'permutation').entries()) source[axis] = index[i] as Affine;
    return scope.input(0).read(source);
  },
};
