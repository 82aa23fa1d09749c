// The logarithm of softmax, without leaving the range of exp.

import { numberAttribute } from '../../graph/attributes.js';
import { call } from '../../loop/expression.js';
import type { Lowering } from '../lowering.js';
import { softmaxParts } from './softmax.js';

export const logSoftmax: Lowering = {
  kind: 'log-softmax',
  sharedAxes: (attributes) => [numberAttribute(attributes, 'axis')],
  value(scope, index) {
    const { shifted, sum } = softmaxParts(scope, index);
    return call('sub', shifted, call('log', sum));
  },
};
