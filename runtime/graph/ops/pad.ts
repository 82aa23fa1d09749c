// Adds elements around a tensor, or cuts them off where a pad is negative. `pads` holds the counts before every axis, then those
// after.

import { elementCount, printType, stridesOf } from '../../core/tensor.js';
import { choiceAttribute, integersAttribute, numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import { tensorFrom } from '../numbers.js';
import { checkedType, refuse } from '../rules.js';
import { take } from '../walk.js';

const modes = ['constant', 'reflect', 'edge', 'wrap'] as const;
type Mode = (typeof modes)[number];

export const pad = define<[x: 1]>('pad', [1, 1], {
  infer([x], attributes) {
    const rank = x.shape.length;
    const mode = choiceAttribute(attributes, 'mode', modes);
    const pads = integersAttribute(attributes, 'pads', { count: 2 * rank });
    numberAttribute(attributes, 'value');
    const shape = x.shape.map((extent, axis) => extent + (pads[axis] as number) + (pads[axis + rank] as number));
    const type = checkedType('pad', x.dtype, shape);
    if (mode !== 'constant' && elementCount(x.shape) === 0 && elementCount(shape) > 0) {
      refuse('pad', `${printType(x)} has nothing to pad with`);
    }
    return type;
  },
  evaluate([x], attributes, type) {
    const mode = choiceAttribute(attributes, 'mode', modes);
    const pads = integersAttribute(attributes, 'pads');
    const strides = stridesOf(x.shape);
    let offsets = Int32Array.of(0);
    type.shape.forEach((extent, axis) => {
      const before = pads[axis] as number;
      const steps = Array.from({ length: extent }, (_, index) => {
        const from = source(mode, index - before, x.shape[axis] as number);
        return from < 0 ? -1 : from * (strides[axis] as number);
      });
      offsets = addAxis(offsets, steps);
    });
    if (mode !== 'constant') return take(x, offsets, type.shape);
    const filled = tensorFrom(type, new Float64Array(offsets.length).fill(numberAttribute(attributes, 'value')));
    const [from, to] = [x.data as Float64Array, filled.data as Float64Array];
    offsets.forEach((offset, index) => {
      if (offset >= 0) to[index] = from[offset] as number;
    });
    return filled;
  },
});

/** The index along an axis of `extent` from which the element at `index` comes, which may lie outside; -1: from nowhere. */
function source(mode: Mode, index: number, extent: number): number {
  if (index >= 0 && index < extent) return index;
  switch (mode) {
    case 'constant':
      return -1;
    case 'edge':
      return index < 0 ? 0 : extent - 1;
    case 'wrap':
      return modulo(index, extent);
    case 'reflect': {
      // The border element itself is not repeated.
      const period = Math.max(2 * (extent - 1), 1);
      const phase = modulo(index, period);
      return Math.min(phase, period - phase);
    }
  }
}

/** The offsets of a walk with one more, inner axis whose elements lie at `steps`; -1 stays -1. */
function addAxis(offsets: Int32Array, steps: readonly number[]): Int32Array<ArrayBuffer> {
  const result = new Int32Array(offsets.length * steps.length);
  let at = 0;
  for (const offset of offsets) {
    for (const step of steps) result[at++] = offset < 0 || step < 0 ? -1 : offset + step;
  }
  return result;
}

function modulo(index: number, period: number): number {
  return ((index % period) + period) % period;
}
