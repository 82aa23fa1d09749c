// Transposed convolution of [n, c, h, w] with weights [c, m / group, kh, kw]: each element adds its window to the result.

import { printType, type TensorType } from '../../core/tensor.js';
import { integerAttribute, integersAttribute } from '../attributes.js';
import { scatterWindow } from '../convolve.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats, checkRank, refuse } from '../rules.js';
import { type Slide, slidesOf } from '../window.js';

type Extents = [number, number, number, number];

export const convTranspose = define<[x: 1, weights: 1, bias?: 1]>('conv-transpose', [2, 3], {
  infer([x, weights, bias], attributes) {
    checkFloats('conv-transpose', [x, weights, bias]);
    checkRank('conv-transpose', 'x', x, 4);
    checkRank('conv-transpose', 'weights', weights, 4);
    checkChannels(x, weights, bias, attributes);
    const [n, , h, w] = x.shape as Extents;
    const [, perGroup, ...kernel] = weights.shape as Extents;
    const [down, across] = slidesOf(attributes, kernel);
    const [more, moreAcross] = integersAttribute(attributes, 'outputPads', { count: 2, min: 0 }) as [number, number];
    const m = perGroup * integerAttribute(attributes, 'group');
    return checkedType('conv-transpose', x.dtype, [n, m, grown(down, h) + more, grown(across, w) + moreAcross]);
  },
  evaluate([x, weights, bias], attributes, type) {
    const [n, m, height, width] = type.shape as Extents;
    const [, c, h, w] = x.shape as Extents;
    const [, perGroup, kh, kw] = weights.shape as Extents;
    const [down, across] = slidesOf(attributes, [kh, kw]);
    const depth = c / integerAttribute(attributes, 'group');
    const [from, kernels, biases] = [numbersOf(x), numbersOf(weights), bias && numbersOf(bias)];
    const to = roomFor(type);
    for (let plane = 0; plane < n * m; plane++) {
      const [image, output] = [Math.floor(plane / m), plane % m];
      const result = { values: to, start: plane * height * width, h: height, w: width };
      if (biases !== undefined) to.fill(biases[output] as number, result.start, result.start + height * width);
      const [group, inGroup] = [Math.floor(output / perGroup), output % perGroup];
      for (let input = group * depth; input < (group + 1) * depth; input++) {
        const source = { values: from, start: (image * c + input) * h * w, h, w };
        const kernel = { values: kernels, start: (input * perGroup + inGroup) * kh * kw, h: kh, w: kw };
        scatterWindow(result, source, kernel, down, across);
      }
    }
    return tensorFrom(type, to);
  },
});

/** The extent that the windows of `extent` elements cover, less the pads. */
function grown({ kernel, stride, dilation, padBefore, padAfter }: Slide, extent: number): number {
  return (extent - 1) * stride + (kernel - 1) * dilation + 1 - padBefore - padAfter;
}

function checkChannels(x: TensorType, weights: TensorType, bias: TensorType | undefined, attributes: Attributes): void {
  const group = integerAttribute(attributes, 'group', 1);
  const [c, perGroup, kh, kw] = weights.shape as Extents;
  if (x.shape[1] !== c || c % group !== 0 || kh * kw === 0) {
    refuse('conv-transpose', `${printType(x)} does not go with weights ${printType(weights)} in ${group} groups`);
  }
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== perGroup * group)) {
    refuse('conv-transpose', `bias ${printType(bias)} does not go with weights ${printType(weights)} in ${group} groups`);
  }
}
