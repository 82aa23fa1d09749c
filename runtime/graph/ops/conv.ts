// Convolution of [n, c, h, w] with weights [m, c / group, kh, kw]. Of levels (u8 or i8), with weights of i8 the sums are i32, with
// weights of f32 they are f32; what stands outside of levels is the attribute `zero`, 0 where it is absent.

import { type Dtype, printType, type TensorType } from '../../core/tensor.js';
import { integerAttribute, zeroOf } from '../attributes.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { matrix, multiply } from '../multiply.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats, checkRank, checkSameDtype, refuse } from '../rules.js';
import { fillChannels, slideCount, slidesOf, windowTable } from '../window.js';

type Extents = [number, number, number, number];

export const conv = define<[x: 1, weights: 1, bias?: 1]>('conv', [2, 3], {
  infer([x, weights, bias], attributes) {
    const dtype = sumDtype(x, weights);
    checkSameDtype('conv', [{ ...x, dtype }, { ...weights, dtype }, bias]);
    checkRank('conv', 'x', x, 4);
    checkRank('conv', 'weights', weights, 4);
    checkChannels(x, weights, bias, attributes);
    const [n, , h, w] = x.shape as Extents;
    const [m, , ...kernel] = weights.shape as Extents;
    const [down, across] = slidesOf(attributes, kernel);
    return checkedType('conv', dtype, [n, m, slideCount('conv', down, h), slideCount('conv', across, w)]);
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
    const outside = zeroOf(attributes);
    for (let plane = 0; plane < n * c; plane++) {
      const [image, input] = [Math.floor(plane / c), plane % c];
      for (let i = 0; i < table.length; i++) {
        const offset = table[i] as number;
        patches[i] = offset < 0 ? outside : (from[plane * h * w + offset] as number);
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

/** The dtype of the sums, and of a bias. */
function sumDtype(x: TensorType, weights: TensorType): Dtype {
  if (x.dtype === 'u8' || x.dtype === 'i8') {
    if (weights.dtype === 'i8') return 'i32';
    if (weights.dtype === 'f32') return 'f32';
    refuse('conv', `${printType(x)} does not go with weights ${printType(weights)}`);
  }
  if (x.dtype !== 'i32') checkFloats('conv', [x, weights]);
  checkSameDtype('conv', [x, weights]);
  return x.dtype;
}

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
