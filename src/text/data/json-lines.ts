import { StageError } from '../../contract/stage-context.ts';
import { linesOfText } from '../lines.ts';
import type { DataSource, FileItem } from './data-source.ts';
import { jsonFault } from './json-fault.ts';

/** One JSON value a line; empty lines are left out. Throws StageError with the line that is no JSON. */
export async function* jsonLines(
  source: DataSource,
  pieces: AsyncIterable<string>,
): AsyncGenerator<FileItem> {
  let line = 0;
  for await (const text of linesOfText(pieces)) {
    line += 1;
    if (text.trim() !== '') yield { value: parsedLine(source, text, line), line };
  }
}

function parsedLine({ name }: DataSource, text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const fault = jsonFault(text);
    const inside = name.replace(/^The/, 'the');
    throw new StageError(
      `Line ${line} of ${inside} is not JSON: ${fault?.reason}, at column ${fault?.column}.`,
      {
        hint: fault?.hint ?? 'Every line must be a whole JSON object.',
      },
    );
  }
}
