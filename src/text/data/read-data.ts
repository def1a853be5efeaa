import { constants } from 'node:buffer';
import { parseObject } from '../../contract/json.ts';
import { csvItems, delimiterOf } from './csv.ts';
import type { DataSource, FileItem } from './data-source.ts';
import { textOf } from './encoding.ts';
import { fileKind } from './file-kind.ts';
import { jsonItems } from './json.ts';
import { jsonLines } from './json-lines.ts';
import { parquetItems } from './parquet.ts';

/** Characters of a first line that is looked at as one. */
const LONGEST_LINE = constants.MAX_STRING_LENGTH / 2;

/** The forms that data may have. */
export type DataForm = 'JSON' | 'JSON Lines' | 'CSV' | 'Parquet';

/** A file of data that is being read: its form, which its content shows, and its items in order. */
export interface DataReading {
  readonly form: DataForm;
  /** More of the form, for people: the delimiter of a table. */
  readonly detail?: string;
  readonly items: AsyncIterable<FileItem>;
}

/**
 * Opens a file of data in whatever form it is. JSON Lines, CSV and Parquet are read as they are asked for, so that memory
 * does not grow with the file. Throws StageError where the file is none of the forms; its items throw it where their part
 * of the file is wrong.
 */
export async function readData(source: DataSource): Promise<DataReading> {
  if ((await fileKind(source)) === 'parquet') return { form: 'Parquet', items: parquetItems(source) };
  const { firstLine, isAll, pieces } = await withFirstLine(textOf(source));
  if (firstLine.startsWith('{') && !isAll && source.records === undefined && parseObject(firstLine))
    return { form: 'JSON Lines', items: jsonLines(source, pieces) };
  if (/^[{[]/.test(firstLine)) return { form: 'JSON', items: jsonItems(source, pieces) };
  const [header] = firstLine.split('\r', 1);
  const delimiter = delimiterOf(header!);
  const detail = delimiter === '\t' ? 'tabs between the fields' : `"${delimiter}" between the fields`;
  return { form: 'CSV', detail, items: csvItems(source, delimiter, pieces) };
}

interface Beginning {
  /** The first line that is not empty, without the white space before it. */
  readonly firstLine: string;
  /** Nothing but white space follows. */
  readonly isAll: boolean;
  /** The whole text, from its beginning. */
  readonly pieces: AsyncIterable<string>;
}

async function withFirstLine(pieces: AsyncGenerator<string>): Promise<Beginning> {
  const seen: string[] = [];
  const parts: string[] = [];
  let length = 0;
  let isAll = true;
  let state: 'before' | 'in' | 'after' = 'before';
  // A line longer than a string can be is left to the reader of JSON, which says so.
  while (isAll && length < LONGEST_LINE) {
    const { value, done } = await pieces.next();
    if (done) break;
    seen.push(value);
    let rest: string = state === 'before' ? value.trimStart() : value;
    if (state === 'before' && rest !== '') state = 'in';
    if (state === 'in') {
      const end = rest.indexOf('\n');
      parts.push(end < 0 ? rest : rest.slice(0, end));
      length += parts.at(-1)!.length;
      if (end < 0) continue;
      rest = rest.slice(end + 1);
      state = 'after';
    }
    if (rest.trim() !== '') isAll = false;
  }
  return { firstLine: parts.join(''), isAll, pieces: joined(seen, pieces) };
}

async function* joined(seen: string[], rest: AsyncIterable<string>): AsyncGenerator<string> {
  while (seen.length > 0) yield seen.shift()!;
  yield* rest;
}
