// Every steps[i]-th element from starts[i] on, sizes[i] of them, along each axis; steps may be negative.

import { printType, stridesOf } from '../../core/tensor.js';
import { integersAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, refuse } from '../rules.js';
import { take, walk } from '../walk.js';

export const slice = define<[x: 1]>('slice', [1, 1], {
  infer([x], attributes) {
    const count = x.shape.length;
    const starts = integersAttribute(attributes, 'starts', { count, min: 0 });
    const steps = integersAttribute(attributes, 'steps', { count });
    const sizes = integersAttribute(attributes, 'sizes', { count, min: 0 });
    sizes.forEach((size, axis) => {
      const [start, step, extent] = [starts[axis] as number, steps[axis] as number, x.shape[axis] as number];
      const last = start + (size - 1) * step;
      if (step === 0) refuse('slice', `step 0 along axis ${axis}`);
      if (size > 0 && (start >= extent || last < 0 || last >= extent)) {
        refuse('slice', `${start} to ${last} along axis ${axis} is outside ${printType(x)}`);
      }
    });
    return checkedType('slice', x.dtype, sizes);
  },
  evaluate([x], attributes, { shape }) {
    const strides = stridesOf(x.shape);
    const starts = integersAttribute(attributes, 'starts');
    const steps = integersAttribute(attributes, 'steps');
    const start = starts.reduce((sum, first, axis) => sum + first * (strides[axis] as number), 0);
    const stepped = steps.map((step, axis) => step * (strides[axis] as number));
    return take(x, walk(shape, stepped, start), shape);
  },
});
