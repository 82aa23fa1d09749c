// The logarithm of softmax, without leaving the range of exp.

import { logSumExp } from '../../core/special.js';
import { linewise } from '../lines.js';

export const logSoftmax = linewise('log-softmax', () => (line) => {
  const total = logSumExp(line);
  for (let i = 0; i < line.length; i++) line[i] = (line[i] as number) - total;
});
