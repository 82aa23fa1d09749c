// (x - mean) / sqrt(var + epsilon) * scale + bias for each channel, with statistics from training.

import { type Affine, constant } from '../../loop/affine.js';
import { call } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import type { Lowering } from '../lowering.js';
import { inverseDeviation } from '../normalization.js';

type Four = [Expression, Expression, Expression, Expression];

export const batchNorm: Lowering = {
  kind: 'batch-norm',
  value(scope, index) {
    const channel: Affine = index[1] ?? constant(0);
    const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => scope.input(i).read([channel])) as Four;
    const factor = call('mul', inverseDeviation(scope, variance), scale);
    return call('add', call('mul', call('sub', scope.input(0).read(index), mean), factor), bias);
  },
};
