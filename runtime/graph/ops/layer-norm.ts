// The axes from `axis` on to mean 0 and variance 1, then scale and bias, which broadcast to those axes.

import { elementCount, printType, sameShape } from '../../core/tensor.js';
import { integerAttribute, numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import { normalizeRun } from '../normalization.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { broadcastShapes, checkAxis, checkedType, checkFloats, refuse } from '../rules.js';
import { broadcastStrides, walk } from '../walk.js';

export const layerNorm = define<[x: 1, scale: 1, bias?: 1]>('layer-norm', [2, 3], {
  infer([x, scale, bias], attributes) {
    numberAttribute(attributes, 'epsilon');
    checkFloats('layer-norm', [x, scale, bias]);
    const inner = x.shape.slice(checkAxis('layer-norm', integerAttribute(attributes, 'axis'), x.shape.length));
    for (const type of bias === undefined ? [scale] : [scale, bias]) {
      if (!sameShape(broadcastShapes('layer-norm', type.shape, inner), inner)) {
        refuse('layer-norm', `${printType(type)} does not broadcast to [${inner.join(',')}]`);
      }
    }
    return checkedType('layer-norm', x.dtype, x.shape);
  },
  evaluate([x, scale, bias], attributes, type) {
    const epsilon = numberAttribute(attributes, 'epsilon');
    const inner = type.shape.slice(integerAttribute(attributes, 'axis'));
    const run = elementCount(inner);
    const [scales, biases, values] = [numbersOf(scale), bias && numbersOf(bias), numbersOf(x)];
    const ofScale = walk(inner, broadcastStrides(scale.shape, inner));
    const ofBias = bias && walk(inner, broadcastStrides(bias.shape, inner));
    const to = roomFor(type);
    for (let start = 0; start < to.length; start += run) {
      normalizeRun(to, values, start, run, epsilon);
      for (let i = 0; i < run; i++) {
        const shift = biases === undefined ? 0 : (biases[ofBias?.[i] as number] as number);
        to[start + i] = (to[start + i] as number) * (scales[ofScale[i] as number] as number) + shift;
      }
    }
    return tensorFrom(type, to);
  },
});
