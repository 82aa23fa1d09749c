// Affine indices against their values at every point of small loops.

import fc from 'fast-check';
import * as affine from '../../runtime/loop/affine.js';
import { evaluateIndex, everyPoint } from './evaluate.js';
import { anIndex } from './generate.js';

const extents = new Map([
  ['i', 3],
  ['j', 4],
  ['k', 5],
]);
const points = everyPoint(extents);

function values(index: affine.Affine): number[] {
  return points.map((point) => evaluateIndex(index, point));
}

const floorMod = (value: number, by: number): number => value - by * Math.floor(value / by);

test('sums, multiples, quotients and remainders have the values that they say', () => {
  fc.assert(
    fc.property(fc.gen(), fc.integer({ min: -7, max: 7 }), fc.integer({ min: 1, max: 12 }), (g, factor, by) => {
      const [a, b] = [anIndex(g, extents), anIndex(g, extents)];
      const [left, right] = [values(a), values(b)];
      expect(values(affine.add(a, b))).toEqual(left.map((value, at) => value + (right[at] ?? 0)));
      expect(values(affine.subtract(a, b))).toEqual(left.map((value, at) => value - (right[at] ?? 0)));
      expect(values(affine.scale(a, factor))).toEqual(left.map((value) => value * factor + 0));
      expect(values(affine.offset(a, factor))).toEqual(left.map((value) => value + factor));
      expect(values(affine.quotient(a, by))).toEqual(left.map((value) => Math.floor(value / by)));
      expect(values(affine.remainder(a, by))).toEqual(left.map((value) => floorMod(value, by)));
    }),
    { numRuns: 150 },
  );
});

test('ranges hold every value', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const index = anIndex(g, extents);
      const [min, max] = affine.rangeOf(index);
      expect(Math.min(...values(index))).toBeGreaterThanOrEqual(min);
      expect(Math.max(...values(index))).toBeLessThanOrEqual(max);
    }),
    { numRuns: 150 },
  );
});

test('a quotient and a remainder come together again', () => {
  fc.assert(
    fc.property(fc.gen(), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 12 }), (g, inner, by) => {
      const sum = anIndex(g, extents, 0);
      for (const index of [sum, affine.quotient(sum, inner)]) {
        const again = affine.add(affine.scale(affine.quotient(index, by), by), affine.remainder(index, by));
        expect(affine.affineKey(again)).toBe(affine.affineKey(index));
      }
    }),
    { numRuns: 150 },
  );
});

test('substitution replaces a variable wherever it stands', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const index = anIndex(g, extents);
      const outer = affine.variable('o', 2);
      const inner = affine.add(affine.scale(outer, 2), affine.variable('p', 2));
      const moved = affine.substitute(index, {
        variable: (name) => (name === 'j' ? inner : undefined),
        measured: (atom) => atom,
      });
      const fresh = everyPoint(
        new Map([
          ['i', 3],
          ['o', 2],
          ['p', 2],
          ['k', 5],
        ]),
      );
      for (const point of fresh) {
        const before = new Map([...point, ['j', (point.get('o') ?? 0) * 2 + (point.get('p') ?? 0)]]);
        expect(evaluateIndex(moved, point)).toBe(evaluateIndex(index, before));
      }
    }),
    { numRuns: 100 },
  );
});

test('substitution that changes nothing gives the very same index', () => {
  const index = affine.quotient(affine.add(affine.variable('i', 9), affine.variable('j', 9)), 4);
  expect(affine.substitute(index, { variable: () => undefined, measured: (atom) => atom })).toBe(index);
});

test('a stride is how much an index grows with a variable', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const index = anIndex(g, extents);
      const stride = affine.strideOf(index, 'j');
      if (stride === undefined) return;
      for (const point of points) {
        const j = point.get('j') ?? 0;
        if (j + 1 >= 4) continue;
        const next = new Map([...point, ['j', j + 1]]);
        expect(evaluateIndex(index, next) - evaluateIndex(index, point)).toBe(stride);
      }
    }),
    { numRuns: 100 },
  );
});

const [io, ii, k] = [affine.variable('io', 2), affine.variable('ii', 8), affine.variable('k', 5)];
const split = affine.add(affine.scale(io, 8), ii);

test.each<[string, affine.Affine, string]>([
  ['a split loop divided by its factor is the outer loop', affine.quotient(split, 8), 'io'],
  ['the remainder of a split loop is the inner loop', affine.remainder(split, 8), 'ii'],
  ['half the factor divides the inner loop only', affine.quotient(split, 4), '(ii) / 4 + io * 2'],
  ['a quotient of a quotient is one quotient', affine.quotient(affine.quotient(affine.add(ii, k), 3), 2), '(ii + k) / 6'],
  ['whole multiples leave a quotient', affine.quotient(affine.add(affine.scale(ii, 12), k), 6), 'ii * 2'],
  ['a quotient rounds down below zero', affine.quotient(affine.offset(ii, -8), 8), '-1'],
  ['terms that cancel vanish', affine.subtract(affine.add(ii, k), ii), 'k'],
  ['a loop of one iteration is 0', affine.variable('n', 1), '0'],
  ['an index times zero is 0', affine.scale(split, 0), '0'],
  ['what is subtracted is printed so', affine.subtract(affine.constant(3), affine.scale(k, 2)), '-k * 2 + 3'],
])('%s', (_, index, text) => {
  expect(affine.affineKey(index)).toBe(text);
});
