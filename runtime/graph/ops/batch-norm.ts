// (x - mean) / sqrt(var + epsilon) * scale + bias for each channel, with statistics from training.

import { numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkPerChannel, scaleChannels } from '../normalization.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats } from '../rules.js';

export const batchNorm = define<[x: 1, scale: 1, bias: 1, mean: 1, variance: 1]>('batch-norm', [5, 5], {
  infer([x, ...parameters], attributes) {
    numberAttribute(attributes, 'epsilon');
    checkFloats('batch-norm', [x, ...parameters]);
    checkPerChannel('batch-norm', x, parameters);
    return checkedType('batch-norm', x.dtype, x.shape);
  },
  evaluate([x, scale, bias, mean, variance], attributes, type) {
    const epsilon = numberAttribute(attributes, 'epsilon');
    const variances = numbersOf(variance);
    const [means, biases] = [numbersOf(mean), numbersOf(bias)];
    const factors = Float64Array.from(numbersOf(scale), (factor, c) => factor / Math.sqrt((variances[c] as number) + epsilon));
    const shifts = factors.map((factor, c) => (biases[c] as number) - (means[c] as number) * factor);
    const values = Float64Array.from(numbersOf(x));
    scaleChannels(values, type, factors, shifts);
    return tensorFrom(type, values);
  },
});
