// Slice: start + i * step along every axis.

import { integersAttribute } from '../../graph/attributes.js';
import { offset, scale } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';

export const slice: Lowering = {
  kind: 'slice',
  value(scope, index) {
    const starts = integersAttribute(scope.attributes, 'starts');
    const steps = integersAttribute(scope.attributes, 'steps');
    return scope.input(0).read(index.map((at, axis) => offset(scale(at, steps[axis] ?? 1), starts[axis] ?? 0)));
  },
};
