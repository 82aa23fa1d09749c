// Transposed convolution of [n, c, h, w] with weights [c, m / group, kh, kw]: each element adds its window to the result.

import { printType, type TensorType } from '../../core/tensor.js';
import { integerAttribute, integersAttribute } from '../attributes.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { matrix, multiply } from '../multiply.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats, checkRank, refuse } from '../rules.js';
import { fillChannels, type Slide, slidesOf, windowTable } from '../window.js';

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
    const cells = kh * kw;
    const depth = c / integerAttribute(attributes, 'group');
    const table = windowTable(slidesOf(attributes, [kh, kw]), [h, w], [height, width]);
    const [from, kernels] = [numbersOf(x), numbersOf(weights)];
    const to = roomFor(type);
    if (bias !== undefined) fillChannels(to, type.shape, numbersOf(bias));
    // One output channel at a time: a matrix product gives what each element adds under each cell of its window.
    const patches = new Float64Array(table.length);
    for (let plane = 0; plane < n * m; plane++) {
      const [image, output] = [Math.floor(plane / m), plane % m];
      const firstInput = Math.floor(output / perGroup) * depth;
      const start = (firstInput * perGroup + (output % perGroup)) * cells;
      const ofWeights = { values: kernels, start, rowStride: 1, columnStride: perGroup * cells };
      const ofInputs = matrix(from, (image * c + firstInput) * h * w, h * w);
      multiply(patches.fill(0), 0, ofWeights, ofInputs, [cells, depth, h * w]);
      for (let i = 0; i < table.length; i++) {
        const offset = table[i] as number;
        const at = plane * height * width + offset;
        if (offset >= 0) to[at] = (to[at] as number) + (patches[i] as number);
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
