// Convolution of [n, c, h, w] with weights [m, c / group, kh, kw].

import { printType, type TensorType } from '../../core/tensor.js';
import { integerAttribute } from '../attributes.js';
import { gatherWindow } from '../convolve.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats, checkRank, refuse } from '../rules.js';
import { slideCount, slidesOf } from '../window.js';

type Extents = [number, number, number, number];

export const conv = define<[x: 1, weights: 1, bias?: 1]>('conv', [2, 3], {
  infer([x, weights, bias], attributes) {
    checkFloats('conv', [x, weights, bias]);
    checkRank('conv', 'x', x, 4);
    checkRank('conv', 'weights', weights, 4);
    checkChannels(x, weights, bias, attributes);
    const [n, , h, w] = x.shape as Extents;
    const [m, , ...kernel] = weights.shape as Extents;
    const [down, across] = slidesOf(attributes, kernel);
    return checkedType('conv', x.dtype, [n, m, slideCount('conv', down, h), slideCount('conv', across, w)]);
  },
  evaluate([x, weights, bias], attributes, type) {
    const [n, m, height, width] = type.shape as Extents;
    const [, c, h, w] = x.shape as Extents;
    const [, depth, kh, kw] = weights.shape as Extents;
    const [down, across] = slidesOf(attributes, [kh, kw]);
    const outputsPerGroup = m / integerAttribute(attributes, 'group');
    const [from, kernels, biases] = [numbersOf(x), numbersOf(weights), bias && numbersOf(bias)];
    const to = roomFor(type);
    for (let plane = 0; plane < n * m; plane++) {
      const [image, output] = [Math.floor(plane / m), plane % m];
      const result = { values: to, start: plane * height * width, h: height, w: width };
      if (biases !== undefined) to.fill(biases[output] as number, result.start, result.start + height * width);
      const firstInput = image * c + Math.floor(output / outputsPerGroup) * depth;
      for (let k = 0; k < depth; k++) {
        const source = { values: from, start: (firstInput + k) * h * w, h, w };
        gatherWindow(result, source, { values: kernels, start: (output * depth + k) * kh * kw, h: kh, w: kw }, down, across);
      }
    }
    return tensorFrom(type, to);
  },
});

function checkChannels(x: TensorType, weights: TensorType, bias: TensorType | undefined, attributes: Attributes): void {
  const group = integerAttribute(attributes, 'group', 1);
  const [m, depth, kh, kw] = weights.shape as Extents;
  if (x.shape[1] !== depth * group || m % group !== 0 || kh * kw === 0) {
    refuse('conv', `${printType(x)} does not go with weights ${printType(weights)} in ${group} groups`);
  }
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== m)) {
    refuse('conv', `bias ${printType(bias)} does not go with weights ${printType(weights)}`);
  }
}
