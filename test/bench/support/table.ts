// Tables of plain text whose rows can be printed one at a time, while the next is still being measured.

export interface Column<Row> {
  readonly title: string;
  /** Characters; a longer cell pushes its row out rather than being cut. */
  readonly width: number;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

export function printHeader<Row>(columns: readonly Column<Row>[]): string {
  const titles = joinCells(columns.map((column) => pad(column.title, column)));
  return `${titles}\n${joinCells(columns.map(({ width }) => '-'.repeat(width)))}`;
}

export function printRow<Row>(columns: readonly Column<Row>[], row: Row): string {
  return joinCells(columns.map((column) => pad(column.cell(row), column)));
}

/** Milliseconds with three significant digits, and no fewer than the whole ones: 0.0412, 12.3, 1234. */
export function printMs(value: number): string {
  if (!(value > 0)) return value.toFixed(0);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(value))));
}

function pad<Row>(text: string, { width, align = 'right' }: Column<Row>): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

function joinCells(cells: readonly string[]): string {
  return cells.join('  ').trimEnd();
}
