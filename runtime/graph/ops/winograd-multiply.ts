// The middle third of a Winograd convolution: for every plane, filters f32[planes,outputs,channels] times f32[planes,channels,down,across].

import { tensorOf } from '../../core/tensor.js';
import { define } from '../define.js';
import { checkedType, refuse } from '../rules.js';

export const winogradMultiply = define<[v: 1, filters: 1]>('winograd-multiply', [2, 2], {
  infer([v, filters]) {
    const [planes = 1, channels, down = 1, across = 1] = v.shape;
    const [p, outputs = 1, c] = filters.shape;
    if (v.shape.length !== 4 || filters.shape.length !== 3 || p !== planes || c !== channels) {
      refuse('winograd-multiply', `does not take ${filters.shape.join('x')} filters for ${v.shape.join('x')}`);
    }
    return checkedType('winograd-multiply', 'f32', [planes, outputs, down, across]);
  },
  evaluate([v, filters], _, { shape }) {
    const [planes = 1, outputs = 1, down = 1, across = 1] = shape;
    const channels = v.shape[1] ?? 1;
    const area = down * across;
    const values = new Float64Array(planes * outputs * area);
    for (let plane = 0; plane < planes; plane++) {
      for (let o = 0; o < outputs; o++) {
        const row = (plane * outputs + o) * area;
        for (let i = 0; i < channels; i++) {
          const factor = Number(filters.data[(plane * outputs + o) * channels + i]);
          const from = (plane * channels + i) * area;
          for (let p = 0; p < area; p++) values[row + p] = (values[row + p] ?? 0) + factor * Number(v.data[from + p]);
        }
      }
    }
    return tensorOf('f32', shape, values);
  },
});
