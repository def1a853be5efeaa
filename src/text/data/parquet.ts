import { messageOf } from '../../contract/message-of.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { DataSource, FileItem } from './data-source.ts';

/** Rows that are decoded at once. */
const ROWS_AT_ONCE = 1000;

/**
 * The rows of a Parquet file, some at a time, with the packings that pyarrow writes. Lists and structs are arrays and
 * objects; a missing value and NaN, which is how pandas writes one, are null. Throws StageError for a damaged file.
 */
export async function* parquetItems({ path, name }: DataSource): AsyncGenerator<FileItem> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const rows = Number(metadata.num_rows);
    for (let rowStart = 0; rowStart < rows; rowStart += ROWS_AT_ONCE) {
      const rowEnd = Math.min(rows, rowStart + ROWS_AT_ONCE);
      const read = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      for (const row of read) yield { value: plain(row) };
    }
  } catch (error) {
    throw new StageError(`${name} is a Parquet file that cannot be read: ${messageOf(error)}.`, {
      hint: 'Get the file again, or write it anew: pandas.read_parquet(FILE).to_parquet(OTHER)',
    });
  }
}

/** A value as JSON has it. Bytes stay what they are, which is no text. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value === undefined || Number.isNaN(value)) return null;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
