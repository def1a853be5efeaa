/**
 * A table as CSV by RFC 4180, with line feeds: a cell is quoted where it holds a comma, a quote or a line break. Texts stand as
 * they are, other values as JSON; undefined is an empty cell.
 */
export function csvText(rows: readonly (readonly unknown[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
