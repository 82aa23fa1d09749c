// Tables for people: columns as wide as their longest cell.

/** Numbers to the right, the last `textColumns` columns to the left. @returns lines that end in a line break */
export function printTable(heads: readonly string[], rows: readonly (readonly string[])[], textColumns = 2): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < heads.length - textColumns ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
