// Keeps x within min..max, either of which may be infinite. If min > max, max wins. Limits of integers are whole.

import { numberAttribute } from '../attributes.js';
import { unary } from '../elementwise.js';
import type { Attributes } from '../graph.js';
import { toBigint } from '../numbers.js';

function limits(attributes: Attributes): [min: number, max: number] {
  return [numberAttribute(attributes, 'min'), numberAttribute(attributes, 'max')];
}

export const clip = unary(
  'clip',
  (attributes) => {
    const [min, max] = limits(attributes);
    return (x) => Math.min(Math.max(x, min), max);
  },
  (attributes) => {
    const [min, max] = limits(attributes).map(toBigint) as [bigint, bigint];
    return (x) => {
      // Math.max and Math.min know no bigints.
      const raised = x < min ? min : x;
      return raised > max ? max : raised;
    };
  },
);
