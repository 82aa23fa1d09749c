// The last third of a Winograd convolution: planes f32[(tile + 2)^2,c,down,across] become f32[1,c,height,width], each tile as A^T m A, plus
// the bias f32[c].

import { tensorOf } from '../../core/tensor.js';
import { integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, refuse } from '../rules.js';
import { winogradMatrices } from '../winograd.js';

export const winogradOutput = define<[m: 1, bias?: 1]>('winograd-output', [1, 2], {
  infer([m], attributes) {
    const [planes, c = 1, down = 1, across = 1] = m.shape;
    const tile = integerAttribute(attributes, 'tile', 2);
    const height = integerAttribute(attributes, 'height', 1);
    const width = integerAttribute(attributes, 'width', 1);
    const size = winogradMatrices(tile).input.length;
    if (planes !== size * size || Math.ceil(height / tile) !== down || Math.ceil(width / tile) !== across) {
      refuse('winograd-output', `does not make ${height}x${width} of ${m.shape.join('x')} with tiles of ${tile}`);
    }
    return checkedType('winograd-output', 'f32', [1, c, height, width]);
  },
  evaluate([m, bias], attributes, { shape }) {
    const [, c = 1, height = 1, width = 1] = shape;
    const [, , down = 1, across = 1] = m.shape;
    const tile = integerAttribute(attributes, 'tile');
    const { output } = winogradMatrices(tile);
    const size = tile + 2;
    const values = new Float64Array(c * height * width);
    for (let i = 0; i < values.length; i++) {
      const [x, y, channel] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
      const [u, v] = [output[y % tile] ?? [], output[x % tile] ?? []];
      let sum = bias === undefined ? 0 : Number(bias.data[channel]);
      for (const [r, a] of u.entries()) {
        for (const [s, b] of v.entries()) {
          const plane = ((r * size + s) * c + channel) * down;
          if (a * b !== 0) sum += a * b * Number(m.data[(plane + Math.floor(y / tile)) * across + Math.floor(x / tile)]);
        }
      }
      values[i] = sum;
    }
    return tensorOf('f32', shape, values);
  },
});
