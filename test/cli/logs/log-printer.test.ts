import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogPrinter } from '../../../src/cli/logs/log-printer.ts';

/** What is printed of some bytes that come in pieces of these lengths. */
async function printed(bytes: Buffer, pieces: readonly number[], isTTY: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const printer = new LogPrinter(Object.assign(output, { isTTY }));
  let from = 0;
  for (const length of [...pieces, bytes.length]) {
    await printer.print(bytes.subarray(from, from + length));
    from += length;
  }
  await printer.end();
  return Buffer.concat(chunks).toString('latin1');
}

const text = async (log: string, isTTY: boolean) =>
  Buffer.from(await printed(Buffer.from(log), [], isTTY), 'latin1').toString('utf8');

describe('a log', () => {
  it('goes as it is to another program, byte by byte', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat({ max: 40 })), async (log, pieces) => {
        expect(await printed(log, pieces, false)).toBe(log.toString('latin1'));
      }),
    );
  });

  it('is the same on a terminal in whatever pieces it comes, and nothing in it is obeyed', async () => {
    const log = fc
      .array(fc.constantFrom('a', 'é', '学', '\n', '\r', '\r\n', '\x1b[2J', '\x9b', '\t', '\u202e'))
      .map((parts) => Buffer.from(parts.join('')));
    await fc.assert(
      fc.asyncProperty(log, fc.array(fc.nat({ max: 5 })), async (bytes, pieces) => {
        const whole = await printed(bytes, [], true);
        expect(await printed(bytes, pieces, true)).toBe(whole);
        expect(Buffer.from(whole, 'latin1').toString('utf8')).not.toMatch(/(?![\n\t])\p{Cc}|\u202e/u);
      }),
    );
  });

  it('shows the last state of a progress bar on a terminal', async () => {
    expect(await text('start\r\n 10 %\r 50 %\r100 %\ndone', true)).toBe('start\n100 %\ndone\n');
    expect(await text(' 10 %\r 50 %\r', true)).toBe(' 50 %\n');
  });
});
