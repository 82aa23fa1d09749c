// The range of an index holds all its values, and what conditions leave of them.

import fc from 'fast-check';
import type { Condition } from '../../runtime/loop/program.js';
import { rangeUnder } from '../../runtime/loop/range.js';
import { evaluateIndex, everyPoint } from './evaluate.js';
import { anIndex } from './generate.js';

const extents = new Map([
  ['i', 3],
  ['j', 4],
  ['k', 5],
]);
const points = everyPoint(extents);

test('a range under conditions holds every value that they admit', () => {
  const limits = fc.record({ low: fc.integer({ min: -6, max: 6 }), length: fc.integer({ min: 0, max: 8 }) });
  fc.assert(
    fc.property(fc.gen(), fc.array(limits, { maxLength: 3 }), (g, list) => {
      const index = anIndex(g, extents);
      const facts: Condition[] = list.map(({ low, length }) => ({ index: anIndex(g, extents), low, high: low + length }));
      const holds = (point: ReadonlyMap<string, number>) =>
        facts.every((fact) => {
          const value = evaluateIndex(fact.index, point);
          return value >= fact.low && value < fact.high;
        });
      const [min, max] = rangeUnder(index, facts);
      for (const point of points.filter(holds)) {
        expect(evaluateIndex(index, point)).toBeGreaterThanOrEqual(min);
        expect(evaluateIndex(index, point)).toBeLessThanOrEqual(max);
      }
    }),
    { numRuns: 150 },
  );
});
