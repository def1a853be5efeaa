import { columnsOf, padded } from './display-width.ts';

/** Rows of cells as lines whose columns stand below each other, two spaces apart. */
export function alignedLines(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = rows[0] ?? [];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column]!))));
  return rows.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
