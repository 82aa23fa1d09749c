// Optimal assignment of tracks to objects under a limit of cost: the Hungarian algorithm of the package munkres, given one
// group of candidates that compete with each other at a time. Most groups are a single pair, so that a crowd costs little.

import { munkres } from 'munkres';

/** A row and a column that belong together. */
export type Pair = readonly [row: number, column: number];

/** Costs of pairing each row with each column, row-major. Pairs that cost `costMax` or more, or NaN, are never made. */
export interface CostMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly costs: Float64Array;
  readonly costMax: number;
}

/**
 * The pairs with the least sum of costs, where a row or column that stays alone costs `costMax` / 2: no row and no column
 * twice, by ascending row. Deterministic.
 */
export function assign(matrix: CostMatrix): Pair[] {
  const pairs = competitionsOf(matrix).flatMap((competition) => settle(matrix, competition));
  return pairs.sort((a, b) => a[0] - b[0]);
}

/** Rows and columns that are joined by pairs below the limit, directly or through others. Neither is empty. */
interface Competition {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** Splits the matrix into its connected components: no choice in one touches another. */
function competitionsOf({ rows, columns, costs, costMax }: CostMatrix): Competition[] {
  const competitions: Competition[] = [];
  const seenRows = new Uint8Array(rows);
  const seenColumns = new Uint8Array(columns);
  for (let first = 0; first < rows; first++) {
    if (seenRows[first] === 1) continue;
    seenRows[first] = 1;
    const found: { rows: number[]; columns: number[] } = { rows: [first], columns: [] };
    for (let at = 0; at < found.rows.length; at++) {
      const row = found.rows[at] as number;
      for (let column = 0; column < columns; column++) {
        if (seenColumns[column] === 1 || !isBelow(costs, row * columns + column, costMax)) continue;
        seenColumns[column] = 1;
        found.columns.push(column);
        for (let other = 0; other < rows; other++) {
          if (seenRows[other] === 1 || !isBelow(costs, other * columns + column, costMax)) continue;
          seenRows[other] = 1;
          found.rows.push(other);
        }
      }
    }
    if (found.columns.length > 0) competitions.push(found);
  }
  return competitions;
}

/** False for NaN. */
function isBelow(costs: Float64Array, index: number, costMax: number): boolean {
  return (costs[index] as number) < costMax;
}

/** Costs are cut off at the limit, where a pair is worth no more than staying alone; such pairs are left out again. */
function settle({ columns, costs, costMax }: CostMatrix, competition: Competition): Pair[] {
  const at = (row: number, column: number) =>
    (competition.rows[row] as number) * columns + (competition.columns[column] as number);
  if (competition.rows.length === 1 && competition.columns.length === 1) {
    return [[competition.rows[0] as number, competition.columns[0] as number]];
  }
  const cut = competition.rows.map((_, row) =>
    Float64Array.from(competition.columns, (_, column) => {
      const index = at(row, column);
      return isBelow(costs, index, costMax) ? (costs[index] as number) : costMax;
    }),
  );
  return munkres(cut)
    .filter(([row, column]) => isBelow(costs, at(row, column), costMax))
    .map(([row, column]) => [competition.rows[row] as number, competition.columns[column] as number]);
}
