// x, below zero slope x; slope broadcasts to x.

import { printType, sameShape } from '../../core/tensor.js';
import { binary } from '../elementwise.js';
import type { OpDefinition } from '../graph.js';
import { broadcastShapes, refuse, required } from '../rules.js';

const anyShapes = binary('prelu', () => (x, slope) => (x < 0 ? slope * x : x));

export const prelu: OpDefinition = {
  ...anyShapes,
  infer(inputs, attributes) {
    const types = anyShapes.infer(inputs, attributes);
    const [x, slope] = [required('prelu', inputs, 0), required('prelu', inputs, 1)];
    if (!sameShape(broadcastShapes('prelu', x.shape, slope.shape), x.shape)) {
      refuse('prelu', `slope ${printType(slope)} does not broadcast to ${printType(x)}`);
    }
    return types;
  },
};
