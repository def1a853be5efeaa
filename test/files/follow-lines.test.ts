import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FollowedLine, followLines } from '../../src/files/follow-lines.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-follow-'));
  file = join(directory, 'events.ndjson');
  writeFileSync(file, '');
});
afterEach(() => rmSync(directory, { recursive: true }));

function follow(): { lines: AsyncIterator<FollowedLine>; end: () => void } {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { lines: followLines(file, ended), end };
}

const whole = (text: string): FollowedLine => ({ text, bytes: text.length + 1, whole: true });

describe('following a file', () => {
  it('gives each line when it is whole', async () => {
    const { lines, end } = follow();
    appendFileSync(file, 'one\ntw');
    expect(await lines.next()).toEqual({ value: whole('one'), done: false });
    const second = lines.next();
    appendFileSync(file, 'o\n');
    expect(await second).toEqual({ value: whole('two'), done: false });
    end();
    expect(await lines.next()).toEqual({ value: undefined, done: true });
  });

  it('gives what was written before the end, and says of a line that it was cut', async () => {
    const { lines, end } = follow();
    appendFileSync(file, 'last\ncut off by a cra');
    end();
    expect(await lines.next()).toEqual({ value: whole('last'), done: false });
    const cut = { text: 'cut off by a cra', bytes: 16, whole: false };
    expect(await lines.next()).toEqual({ value: cut, done: false });
    expect(await lines.next()).toEqual({ value: undefined, done: true });
  });

  it('follows a file of another machine by opening it anew, also when it is replaced by a longer one', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const lines = followLines(file, ended, { everyMs: 20 });
    appendFileSync(file, 'one\n');
    expect(await lines.next()).toEqual({ value: whole('one'), done: false });
    rmSync(file);
    writeFileSync(file, 'one\ntwo\n'); // as a client of a network sees it: another file of the same name
    expect(await lines.next()).toEqual({ value: whole('two'), done: false });
    appendFileSync(file, 'last\n');
    end();
    expect(await lines.next()).toEqual({ value: whole('last'), done: false });
    expect(await lines.next()).toEqual({ value: undefined, done: true });
  });

  it('keeps no line of many megabytes', async () => {
    const { lines, end } = follow();
    appendFileSync(file, `${'x'.repeat(30_000_000)}\nnext\n`);
    expect(await lines.next()).toEqual({
      value: { text: undefined, bytes: 30_000_001, whole: true },
      done: false,
    });
    expect(await lines.next()).toEqual({ value: whole('next'), done: false });
    end();
    expect(await lines.next()).toEqual({ value: undefined, done: true });
  });

  it('loses nothing however the bytes are torn apart, letters of several bytes included', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\n\r]/g, ' ')),
          { maxLength: 20 },
        ),
        fc.integer({ min: 1, max: 7 }),
        async (texts, size) => {
          writeFileSync(file, '');
          const { lines, end } = follow();
          const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
          const received: string[] = [];
          const reading = (async () => {
            for (let next = await lines.next(); !next.done; next = await lines.next())
              received.push(next.value.text ?? '');
          })();
          for (let start = 0; start < bytes.length; start += size) {
            appendFileSync(file, bytes.subarray(start, start + size));
            if (start % 3 === 0) await new Promise(setImmediate);
          }
          end();
          await reading;
          expect(received).toEqual(texts.map((text) => Buffer.from(text).toString()));
        },
      ),
      { numRuns: 50 },
    );
  });
});
