/**
 * The lines of a UTF-8 stream, without their line feeds; the last one needs none. Only U+000A ends a line, as
 * in JSON Lines: readline of some Node versions also ends one at U+2028, which JSON texts may hold.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
