// e^x of each line along the axis, scaled to add up to 1.

import { linewise } from '../lines.js';

export const softmax = linewise('softmax', () => (line) => {
  const top = line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    line[i] = Math.exp((line[i] as number) - top);
    sum += line[i] as number;
  }
  for (let i = 0; i < line.length; i++) line[i] = (line[i] as number) / sum;
});
