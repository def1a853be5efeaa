import { StageError } from '../../contract/stage-context.ts';
import { csvRows } from './csv-rows.ts';
import type { DataSource, FileItem } from './data-source.ts';

const DELIMITERS = [',', '\t', ';', '|'];
/**
 * The items of a table whose first row names the columns. Throws StageError with the line where a row has more or fewer
 * fields than that, or a quote is never closed.
 */
export async function* csvItems(
  source: DataSource,
  delimiter: string,
  pieces: AsyncIterable<string>,
): AsyncGenerator<FileItem> {
  const { name } = source;
  let columns: readonly string[] | undefined;
  for await (const { fields, line } of csvRows(pieces, delimiter, name)) {
    if (columns === undefined) columns = columnNames(fields, name);
    else if (fields.length === columns.length) {
      yield { value: Object.fromEntries(columns.map((column, i) => [column, fields[i]])), line };
    } else {
      throw new StageError(
        `Line ${line} of ${name.replace(/^The/, 'the')} has ${fields.length} fields, but the header has ${columns.length}: ${columns.join(', ')}.`,
        {
          hint: `Put fields with ${delimiter === '\t' ? 'a tab' : `a "${delimiter}"`} or a line break in double quotes.`,
        },
      );
    }
  }
}

/** The one of comma, tab, semicolon and vertical bar that a header has most of outside of quotes. */
export function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

function columnNames(fields: readonly (string | null)[], name: string): readonly string[] {
  const columns = fields.map((field, place) => (field?.trim() ? field.trim() : `column ${place + 1}`));
  const twice = columns.find((column, place) => columns.indexOf(column) < place);
  if (twice === undefined) return columns;
  throw new StageError(`${name} has two columns called ${JSON.stringify(twice)}.`, {
    hint: 'Give each column a name of its own.',
  });
}
