// Assignment against brute force over small matrices, with limits, ties and pairs that may not be.

import fc from 'fast-check';
import { assign, type GainMatrix, type Pair } from '../../runtime/track/assign.js';

const gainMin = 2;

/** Whole gains, so that sums are exact; pairs of 2 and less may not be made, and what is no number neither. */
const matrices: fc.Arbitrary<GainMatrix> = fc.record({ rows: fc.nat(5), columns: fc.nat(5) }).chain(({ rows, columns }) =>
  fc
    .array(fc.oneof(fc.integer({ min: -3, max: 14 }), fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY)), {
      minLength: rows * columns,
      maxLength: rows * columns,
    })
    .map((gains) => ({ rows, columns, gains: Float64Array.from(gains), gainMin })),
);

/** What the pairs gain over leaving everything alone. */
function sumOf({ columns, gains }: GainMatrix, pairs: readonly Pair[]): number {
  return pairs.reduce((sum, [row, column]) => sum + (gains[row * columns + column] as number) - gainMin, 0);
}

/** The greatest sum, by trying everything. */
function bestSum(matrix: GainMatrix, row = 0, taken: readonly number[] = []): number {
  if (row === matrix.rows) return 0;
  const sums = Array.from({ length: matrix.columns }, (_, column) => {
    const gain = matrix.gains[row * matrix.columns + column] as number;
    if (taken.includes(column) || !(gain > gainMin)) return 0;
    return gain - gainMin + bestSum(matrix, row + 1, [...taken, column]);
  });
  return Math.max(bestSum(matrix, row + 1, taken), ...sums);
}

test('no assignment gains more, and no row, column or forbidden pair is used', () => {
  fc.assert(
    fc.property(matrices, (matrix) => {
      const pairs = assign(matrix);
      expect(new Set(pairs.map(([row]) => row)).size).toBe(pairs.length);
      expect(new Set(pairs.map(([, column]) => column)).size).toBe(pairs.length);
      for (const [row, column] of pairs) expect(matrix.gains[row * matrix.columns + column]).toBeGreaterThan(gainMin);
      expect(sumOf(matrix, pairs)).toBe(bestSum(matrix));
    }),
    { numRuns: 500 },
  );
});

test('the sum counts, not the best pair', () => {
  expect(assign({ rows: 2, columns: 2, gains: Float64Array.of(9, 8, 8, 3), gainMin })).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test('a pair at the limit is not made, and nothing is assigned to nothing', () => {
  expect(assign({ rows: 1, columns: 1, gains: Float64Array.of(2), gainMin })).toEqual([]);
  expect(assign({ rows: 0, columns: 3, gains: new Float64Array(0), gainMin })).toEqual([]);
});

test('gains are left as they were', () => {
  const gains = Float64Array.of(1, 12, Number.NaN, 3, 2, 1);
  assign({ rows: 2, columns: 3, gains, gainMin });
  expect([...gains]).toEqual([1, 12, Number.NaN, 3, 2, 1]);
});
