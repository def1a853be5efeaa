/**
 * The lines of a UTF-8 stream, without their line feeds; the last one needs none. Only U+000A ends a line, as
 * in JSON Lines: readline of some Node versions also ends one at U+2028, which JSON texts may hold.
 */
export function linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  return linesOfText(decoded(chunks));
}

/** The same of a text that comes in pieces. A line of many pieces takes time in proportion to its length. */
export async function* linesOfText(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let begun: string[] = [];
  for await (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      const part = piece.slice(from, end);
      yield begun.length === 0 ? part : begun.join('') + part;
      begun = [];
      from = end + 1;
    }
    if (from < piece.length) begun.push(piece.slice(from));
  }
  if (begun.length > 0) yield begun.join('');
}

async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}
