// The index along an axis of the best element, as arg-max and arg-min want it.

import { booleanAttribute, integerAttribute } from './attributes.js';
import { define } from './define.js';
import type { OpDefinition } from './graph.js';
import { eachLine } from './lines.js';
import { roomFor, tensorFrom } from './numbers.js';
import { checkAxis, checkedType, refuse, withExtent } from './rules.js';

/** Among equals it is the first, or with `selectLast` the last. */
export function argOperator(kind: string, isBetter: (a: number, b: number) => boolean): OpDefinition {
  return define<[x: 1]>(kind, [1, 1], {
    infer([x], attributes) {
      const axis = checkAxis(kind, integerAttribute(attributes, 'axis'), x.shape.length);
      booleanAttribute(attributes, 'selectLast');
      if (x.shape[axis] === 0) refuse(kind, `axis ${axis} is empty`);
      const shape = booleanAttribute(attributes, 'keepDims')
        ? withExtent(x.shape, axis, 1)
        : x.shape.filter((_, index) => index !== axis);
      return checkedType(kind, 'i64', shape);
    },
    evaluate([x], attributes, type) {
      const last = booleanAttribute(attributes, 'selectLast');
      const results = roomFor(type);
      let at = 0;
      eachLine(x, integerAttribute(attributes, 'axis'), (line) => {
        let best = 0;
        for (let i = 1; i < line.length; i++) {
          const [old, next] = [line[best] as number, line[i] as number];
          if (isBetter(next, old) || (last && next === old)) best = i;
        }
        results[at++] = best;
      });
      return tensorFrom(type, results);
    },
  });
}
