// Split: output i is the part of the input that starts after the sizes of those before it.

import { integersAttribute, numberAttribute } from '../../graph/attributes.js';
import { offset } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';

export const split: Lowering = {
  kind: 'split',
  value(scope, index) {
    const axis = numberAttribute(scope.attributes, 'axis');
    const before = integersAttribute(scope.attributes, 'sizes').slice(0, scope.outputIndex);
    const start = before.reduce((sum, size) => sum + size, 0);
    return scope.input(0).read(index.map((at, i) => (i === axis ? offset(at, start) : at)));
  },
};
