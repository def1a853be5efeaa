import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMemo, writeMemo } from '../../src/files/memo.ts';
import { openFiles } from '../cache/open-files.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

describe('a memo', () => {
  it('gives back what was written, or nothing where any bit, byte or the end of it has changed', async () => {
    const cache = await temporaryDirectory();
    const path = join(cache, 'some/memo');
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue(),
        fc.nat(),
        fc.constantFrom('flip', 'cut', 'zero'),
        async (value, place, how) => {
          await writeMemo(cache, path, value);
          expect(JSON.stringify(readMemo(path))).toBe(JSON.stringify(value));
          const bytes = await readFile(path);
          const position = place % bytes.length;
          if (how === 'flip') bytes[position]! ^= 1 << (place % 8);
          if (how === 'zero') bytes.fill(0, position);
          await writeFile(path, how === 'cut' ? bytes.subarray(0, position) : bytes);
          expect(readMemo(path)).toBeUndefined();
        },
      ),
    );
  });

  it('is none where something else lies in its place, which is not waited for', async () => {
    const cache = await temporaryDirectory();
    const path = join(cache, 'memo');
    for (const make of [
      () => mkdir(path),
      () => execFileSync('mkfifo', [path]),
      () => symlink('nowhere', path),
      () => symlink(path, path),
      () => symlink('/dev/zero', path),
    ]) {
      await make();
      expect(readMemo(path)).toBeUndefined();
      await rm(path, { recursive: true });
    }
    expect(readMemo(path)).toBeUndefined();
    await writeMemo(cache, path, 1);
    expect(readMemo(path)).toBe(1);
    expect(openFiles(cache)).toEqual([]);
  });

  it('that cannot be written leaves no unfinished file', async () => {
    const cache = await temporaryDirectory();
    await mkdir(join(cache, 'memo/in-the-way'), { recursive: true });
    await expect(writeMemo(cache, join(cache, 'memo'), 1)).rejects.toThrow();
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
    await writeFile(join(cache, 'file'), '');
    await expect(writeMemo(cache, join(cache, 'file/memo'), 1)).rejects.toThrow('EEXIST');
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
  });
});
