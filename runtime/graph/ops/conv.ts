// Convolution of [n, c, h, w] with weights [m, c / group, kh, kw].

import { printType, type TensorType } from '../../core/tensor.js';
import { integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { matrix, multiply } from '../multiply.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats, checkRank, checkSameDtype, refuse } from '../rules.js';
import { fillChannels, slideCount, slidesOf, windowTable } from '../window.js';

type Extents = [number, number, number, number];

export const conv = define<[x: 1, weights: 1, bias?: 1]>('conv', [2, 3], {
  infer([x, weights, bias], attributes) {
    if (x.dtype === 'i32') checkSameDtype('conv', [x, weights, bias]);
    else checkFloats('conv', [x, weights, bias]);
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
    const cells = kh * kw;
    const rows = m / integerAttribute(attributes, 'group');
    const table = windowTable(slidesOf(attributes, [kh, kw]), [height, width], [h, w]);
    const [from, kernels] = [numbersOf(x), numbersOf(weights)];
    const to = roomFor(type);
    if (bias !== undefined) fillChannels(to, type.shape, numbersOf(bias));
    // One input channel at a time: what lies under each cell of the window is a matrix, and the rest is a matrix product.
    const patches = new Float64Array(table.length);
    for (let plane = 0; plane < n * c; plane++) {
      const [image, input] = [Math.floor(plane / c), plane % c];
      for (let i = 0; i < table.length; i++) {
        const offset = table[i] as number;
        patches[i] = offset < 0 ? 0 : (from[plane * h * w + offset] as number);
      }
      const firstOutput = Math.floor(input / depth) * rows;
      const start = (firstOutput * depth + (input % depth)) * cells;
      const ofWeights = { values: kernels, start, rowStride: depth * cells, columnStride: 1 };
      const ofPatches = matrix(patches, 0, height * width);
      multiply(to, (image * m + firstOutput) * height * width, ofWeights, ofPatches, [rows, cells, height * width]);
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
