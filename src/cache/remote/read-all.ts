/** A body has more bytes than anything of its kind. */
export class TooLong extends Error {}

/** The whole of a small body as text. Throws a TooLong for one of more than `most` bytes. */
export async function readAll(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new TooLong(`it has more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
