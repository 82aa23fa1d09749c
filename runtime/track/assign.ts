// Optimal assignment of tracks to objects: the Hungarian algorithm of the package munkres, given one group of candidates that
// compete with each other at a time. Most groups are a single pair, so that a crowd costs little.

import { munkres } from 'munkres';

/** A row and a column that belong together. */
export type Pair = readonly [row: number, column: number];

/** What each row gains with each column, row-major. Pairs that gain no more than `gainMin`, or NaN, are never made. */
export interface GainMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly gains: Float64Array;
  readonly gainMin: number;
}

/**
 * The pairs with the greatest sum of what they gain beyond `gainMin`: no row and no column twice, by ascending row.
 * Deterministic.
 */
export function assign(matrix: GainMatrix): Pair[] {
  const pairs = competitionsOf(matrix).flatMap((competition) => settle(matrix, competition));
  return pairs.sort((a, b) => a[0] - b[0]);
}

/** Rows and columns that are joined by pairs above the limit, directly or through others. Neither is empty. */
interface Competition {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** Splits the matrix into its connected components: no choice in one touches another. */
function competitionsOf({ rows, columns, gains, gainMin }: GainMatrix): Competition[] {
  const competitions: Competition[] = [];
  const seenRows = new Uint8Array(rows);
  const seenColumns = new Uint8Array(columns);
  for (let first = 0; first < rows; first++) {
    if (seenRows[first] === 1) continue;
    seenRows[first] = 1;
    const found: { rows: number[]; columns: number[] } = { rows: [first], columns: [] };
    for (let at = 0; at < found.rows.length; at++) {
      const offset = (found.rows[at] as number) * columns;
      for (let column = 0; column < columns; column++) {
        // A comparison with NaN is false.
        if (!((gains[offset + column] as number) > gainMin) || seenColumns[column] === 1) continue;
        seenColumns[column] = 1;
        found.columns.push(column);
        for (let other = 0; other < rows; other++) {
          if (!((gains[other * columns + column] as number) > gainMin) || seenRows[other] === 1) continue;
          seenRows[other] = 1;
          found.rows.push(other);
        }
      }
    }
    if (found.columns.length > 0) competitions.push(found);
  }
  return competitions;
}

/** Gains are cut off at the limit, where a pair is worth no more than staying alone; such pairs are left out again. */
function settle({ columns, gains, gainMin }: GainMatrix, competition: Competition): Pair[] {
  const gainOf = (row: number, column: number) => {
    const gain = gains[row * columns + column] as number;
    return gain > gainMin ? gain : gainMin;
  };
  if (competition.rows.length === 1 && competition.columns.length === 1) {
    return [[competition.rows[0] as number, competition.columns[0] as number]];
  }
  const costs = competition.rows.map((row) => Float64Array.from(competition.columns, (column) => -gainOf(row, column)));
  return munkres(costs)
    .map(([row, column]): Pair => [competition.rows[row] as number, competition.columns[column] as number])
    .filter(([row, column]) => gainOf(row, column) > gainMin);
}
