// Running sums along the axis, from its end with `reverse`, without the element itself with `exclusive`.

import { booleanAttribute } from '../attributes.js';
import { linewise } from '../lines.js';

export const cumSum = linewise(
  'cum-sum',
  (attributes) => {
    const exclusive = booleanAttribute(attributes, 'exclusive');
    const reverse = booleanAttribute(attributes, 'reverse');
    return (line) => {
      if (reverse) line.reverse();
      let sum = 0;
      for (let i = 0; i < line.length; i++) {
        const next = sum + (line[i] as number);
        line[i] = exclusive ? sum : next;
        sum = next;
      }
      if (reverse) line.reverse();
    };
  },
  { integers: true },
);
