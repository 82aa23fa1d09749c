// Softmax along one axis: the largest, the sum of exponentials, then every element.

import { numberAttribute } from '../../graph/attributes.js';
import { type Affine, constant } from '../../loop/affine.js';
import { call } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import type { Lowering, Scope } from '../lowering.js';

/** The shifted element x - max and the logarithm's argument: the sum of all exponentials. */
export function softmaxParts(scope: Scope, index: readonly Affine[]): { shifted: Expression; sum: Expression } {
  const x = scope.input(0);
  const axis = numberAttribute(scope.attributes, 'axis');
  const axes = [{ name: 'k', extent: x.type.shape[axis] ?? 1 }];
  const element = (k: Affine) => x.read(index.map((at, i) => (i === axis ? k : at)));
  const largest = scope.reduce({ combine: 'max', axes, term: (k = constant(0)) => element(k) });
  const shifted = (k: Affine) => call('sub', element(k), largest);
  const sum = scope.reduce({ combine: 'add', axes, term: (k = constant(0)) => call('exp', shifted(k)) });
  return { shifted: shifted(index[axis] ?? constant(0)), sum };
}

export const softmax: Lowering = {
  kind: 'softmax',
  sharedAxes: (attributes) => [numberAttribute(attributes, 'axis')],
  value(scope, index) {
    const { shifted, sum } = softmaxParts(scope, index);
    return call('div', call('exp', shifted), sum);
  },
};
