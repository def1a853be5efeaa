import { StageError } from '../../contract/stage-context.ts';
import { linesOf } from '../../text/lines.ts';

type Chunks = AsyncIterable<Uint8Array>;

/** What a server sends, as UTF-8. Throws StageError, and closes the connection, beyond `mostBytes`. */
export async function textOf(response: Response, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(bodyOf(response), { body: mostBytes }, response.url)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The lines that a server sends, as they come. Throws StageError for a line or a body beyond `most` bytes. */
export function linesOfBody(
  response: Response,
  most: { body: number; line: number },
): AsyncGenerator<string> {
  return linesOf(bounded(bodyOf(response), most, response.url));
}

function bodyOf(response: Response): Chunks {
  return response.body ?? new Blob([]).stream();
}

async function* bounded(
  chunks: Chunks,
  most: { readonly body: number; readonly line?: number },
  url: string,
): AsyncGenerator<Uint8Array> {
  let body = 0;
  let line = 0;
  for await (const chunk of chunks) {
    body += chunk.length;
    if (body > most.body) throw tooLong(url, `more than ${most.body} bytes`);
    if (most.line !== undefined) {
      line += chunk.length;
      if (line > most.line) throw tooLong(url, `a line of more than ${most.line} bytes`);
      const last = chunk.lastIndexOf(0x0a);
      if (last >= 0) line = chunk.length - last - 1;
    }
    yield chunk;
  }
}

function tooLong(url: string, what: string): StageError {
  const { origin, pathname } = new URL(url);
  return new StageError(`${origin}${pathname} sent ${what}: that is not what a judge's server does.`, {
    hint: 'Check the address.',
  });
}
