// The first third of a Winograd convolution: f32[1,c,h,w] becomes (tile + 2)^2 planes [(tile + 2)^2, c, tiles down, tiles across], each
// overlapping window d as B^T d B. Passes make it; no model has it.

import { tensorOf } from '../../core/tensor.js';
import { integerAttribute, integersAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, refuse } from '../rules.js';
import { winogradMatrices } from '../winograd.js';

export const winogradInput = define<[x: 1]>('winograd-input', [1, 1], {
  infer([x], attributes) {
    const [n, c = 1, h = 1, w = 1] = x.shape;
    if (x.dtype !== 'f32' || x.shape.length !== 4 || n !== 1) refuse('winograd-input', 'wants f32[1,c,h,w]');
    const tile = integerAttribute(attributes, 'tile', 2);
    const [top = 0, left = 0, bottom = 0, right = 0] = integersAttribute(attributes, 'pads', { count: 4, min: 0 });
    const size = winogradMatrices(tile).input.length;
    const down = Math.ceil((h + top + bottom - 2) / tile);
    const across = Math.ceil((w + left + right - 2) / tile);
    return checkedType('winograd-input', 'f32', [size * size, c, down, across]);
  },
  evaluate([x], attributes, { shape }) {
    const [, c = 1, h = 1, w = 1] = x.shape;
    const [planes = 1, , down = 1, across = 1] = shape;
    const tile = integerAttribute(attributes, 'tile');
    const [top = 0, left = 0] = integersAttribute(attributes, 'pads');
    const { input } = winogradMatrices(tile);
    const size = input.length;
    const values = new Float64Array(planes * c * down * across);
    const at = (channel: number, row: number, column: number) =>
      row < 0 || row >= h || column < 0 || column >= w ? 0 : Number(x.data[(channel * h + row) * w + column]);
    for (let i = 0; i < values.length; i++) {
      const column = i % across;
      const row = Math.floor(i / across) % down;
      const channel = Math.floor(i / (across * down)) % c;
      const plane = Math.floor(i / (across * down * c));
      const [u, v] = [input[Math.floor(plane / size)] ?? [], input[plane % size] ?? []];
      for (const [r, a] of u.entries()) {
        for (const [s, b] of v.entries()) {
          if (a * b !== 0) values[i] = (values[i] ?? 0) + a * b * at(channel, row * tile + r - top, column * tile + s - left);
        }
      }
    }
    return tensorOf('f32', shape, values);
  },
});
