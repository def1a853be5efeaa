import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../src/text/lines.ts';

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function collected(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('linesOf', () => {
  it('ends lines at line feeds only, wherever chunks are cut', async () => {
    const line = fc
      .array(fc.constantFrom('a', 'é', '語', '😀', '\u2028', '\u0085', '\r', ' '))
      .map((c) => c.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1 }),
        fc.integer({ min: 1, max: 5 }),
        async (lines, size) => {
          const text = lines.map((line) => `${line}\n`).join('');
          expect(await collected(linesOf(chunksOf(text, size)))).toEqual(lines);
        },
      ),
    );
  });

  it('takes a last line without a line feed', async () => {
    expect(await collected(linesOf(chunksOf('a\nb', 1)))).toEqual(['a', 'b']);
  });
});
