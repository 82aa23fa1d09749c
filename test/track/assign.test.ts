// Assignment against brute force over small matrices, with limits, ties and pairs that may not be.

import fc from 'fast-check';
import { assign, type CostMatrix, type Pair } from '../../runtime/track/assign.js';

const costMax = 10;

/** Whole costs, so that sums are exact; 10 and more may not be paired, and what is no number neither. */
const matrices: fc.Arbitrary<CostMatrix> = fc.record({ rows: fc.nat(5), columns: fc.nat(5) }).chain(({ rows, columns }) =>
  fc
    .array(fc.oneof(fc.integer({ min: -3, max: 14 }), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY)), {
      minLength: rows * columns,
      maxLength: rows * columns,
    })
    .map((costs) => ({ rows, columns, costs: Float64Array.from(costs), costMax })),
);

/** What the pairs gain over leaving everything alone. */
function gainOf({ columns, costs }: CostMatrix, pairs: readonly Pair[]): number {
  return pairs.reduce((sum, [row, column]) => sum + costMax - (costs[row * columns + column] as number), 0);
}

/** The greatest gain, by trying everything. */
function bestGain(matrix: CostMatrix, row = 0, taken: readonly number[] = []): number {
  if (row === matrix.rows) return 0;
  const gains = Array.from({ length: matrix.columns }, (_, column) => {
    const cost = matrix.costs[row * matrix.columns + column] as number;
    if (taken.includes(column) || !(cost < costMax)) return 0;
    return costMax - cost + bestGain(matrix, row + 1, [...taken, column]);
  });
  return Math.max(bestGain(matrix, row + 1, taken), ...gains);
}

test('no assignment costs less, and no row, column or forbidden pair is used', () => {
  fc.assert(
    fc.property(matrices, (matrix) => {
      const pairs = assign(matrix);
      expect(new Set(pairs.map(([row]) => row)).size).toBe(pairs.length);
      expect(new Set(pairs.map(([, column]) => column)).size).toBe(pairs.length);
      for (const [row, column] of pairs) expect(matrix.costs[row * matrix.columns + column]).toBeLessThan(costMax);
      expect(gainOf(matrix, pairs)).toBe(bestGain(matrix));
    }),
    { numRuns: 500 },
  );
});

test('the sum counts, not the cheapest pair', () => {
  expect(assign({ rows: 2, columns: 2, costs: Float64Array.of(1, 2, 2, 9), costMax })).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test('a pair at the limit is not made, and nothing is assigned to nothing', () => {
  expect(assign({ rows: 1, columns: 1, costs: Float64Array.of(10), costMax })).toEqual([]);
  expect(assign({ rows: 0, columns: 3, costs: new Float64Array(0), costMax })).toEqual([]);
});

test('costs are left as they were', () => {
  const costs = Float64Array.of(1, 12, Number.NaN, 3, 2, 1);
  assign({ rows: 2, columns: 3, costs, costMax });
  expect([...costs]).toEqual([1, 12, Number.NaN, 3, 2, 1]);
});
