import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StageError } from '../../../src/contract/stage-context.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { readMemo, writeMemo } from '../../../src/files/memo.ts';
import { FileInputs } from '../../../src/runner/plan/file-inputs.ts';
import { openWorkspace } from '../../../src/runner/workspace.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-files-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

/** Sets the clock of pipe, and not that of the files. */
function moveClock(milliseconds: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: now + milliseconds });
}

/** As a new run sees the files. */
const inputs = () => new FileInputs(openWorkspace(join(directory, 'artifacts'), () => {}));

/** Writes a file that looks as if it had been left alone for a while. */
function write(path: string, text: string, time = 1000): string {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  utimesSync(file, time, time);
  return file;
}

const memoFile = () => {
  const folder = join(directory, 'artifacts/cache/file-inputs');
  return join(folder, readdirSync(folder)[0]!);
};

/** Makes the memo name another object, which the store holds in the right size. */
function swapMemo(digest: string): void {
  const known = readMemo(memoFile()) as { artifact: object };
  const json = JSON.stringify({ ...known, artifact: { ...known.artifact, digest } });
  writeFileSync(memoFile(), `${digestOfBytes(json)}\n${json}`);
  mkdirSync(join(directory, 'artifacts/cache/objects/00'));
  writeFileSync(join(directory, 'artifacts/cache/objects/00', digest.slice(2)), 'two');
}

describe('file inputs', () => {
  it('stay what they were when the run began', async () => {
    const file = write('data.txt', 'before');
    const run = inputs();
    const before = await run.artifact(file);
    write('data.txt', 'edited', 2000);
    expect(await run.artifact(file)).toEqual(before);
    expect((await inputs().artifact(file)).digest).not.toBe(before.digest);
  });

  it('that were left alone are not read again', async () => {
    const file = write('data.txt', 'one');
    moveClock(10_000);
    const before = await inputs().artifact(file);
    swapMemo('0'.repeat(64)); // what is remembered, and not what the file holds, shows that it was not read
    expect((await inputs().artifact(file)).digest).toBe('0'.repeat(64));
    const forced = inputs();
    forced.readAnew(file);
    expect(await forced.artifact(file)).toEqual(before);
  });

  it.each([
    ['written in place', (file: string, text: string) => writeFileSync(file, text)],
    [
      'unpacked',
      (file: string, text: string) => {
        const tar = join(directory, 'new.tar');
        write('new/data.txt', text);
        execFileSync('tar', ['cf', tar, '-C', join(directory, 'new'), 'data.txt']);
        execFileSync('tar', ['xf', tar, '-C', dirname(file)]);
      },
    ],
    ['copied over with its time', (file: string, text: string) => copyFileSync(write('other', text), file)],
    [
      'replaced',
      (file: string, text: string) => {
        write('other', text);
        execFileSync('mv', [join(directory, 'other'), file]);
      },
    ],
  ])('that were %s with the same size and time are read', async (_, replace) => {
    const file = write('data.txt', 'cat');
    moveClock(10_000);
    const before = await inputs().artifact(file);
    replace(file, 'dog');
    utimesSync(file, 1000, 1000);
    moveClock(10_000);
    const after = await inputs().artifact(file);
    expect([before.digest, after.digest]).toEqual(['cat', 'dog'].map(digestOfBytes));
  });

  it('whose times lie in the future are always read: a clock that was set back may give them again', async () => {
    const file = write('data.txt', 'one');
    moveClock(-60_000);
    await inputs().artifact(file);
    expect(readdirSync(join(directory, 'artifacts/cache'))).not.toContain('file-inputs');
  });

  it('that are directories are always read while one of their files is too new to be trusted', async () => {
    write('data/old', 'one');
    write('data/new', 'two', Date.now() / 1000 + 3600);
    moveClock(10_000);
    await inputs().artifact(join(directory, 'data'));
    expect(readdirSync(join(directory, 'artifacts/cache'))).not.toContain('file-inputs');
  });

  it('are told apart by their run bit', async () => {
    const file = write('script', 'echo');
    moveClock(10_000);
    expect((await inputs().artifact(file)).executable).toBeUndefined();
    chmodSync(file, 0o755);
    moveClock(10_000);
    expect((await inputs().artifact(file)).executable).toBe(true);
    expect((await inputs().artifact(file)).executable).toBe(true);
  });

  it('behind symbolic links are followed: another target, or another content of it, is noticed', async () => {
    mkdirSync(join(directory, 'data'));
    write('one', 'one');
    write('two', 'two');
    const link = join(directory, 'data/link');
    const seen = new Set<string>();
    for (const change of [
      () => symlinkSync('../one', link),
      () => write('one', 'ONE'),
      () => execFileSync('ln', ['-sfn', '../two', link]),
    ]) {
      change();
      moveClock(10_000);
      seen.add((await inputs().artifact(join(directory, 'data'))).digest);
    }
    expect(seen.size).toBe(3);
  });

  it('are read where what is remembered of them is damaged', async () => {
    const file = write('data.txt', 'one');
    moveClock(10_000);
    const sound = await inputs().artifact(file);
    const memo = memoFile();
    const text = readFileSync(memo, 'utf8');
    for (let position = 0; position < text.length; position += 7) {
      const bytes = Buffer.from(text);
      bytes[position]! ^= 1;
      writeFileSync(memo, bytes);
      expect(await inputs().artifact(file)).toEqual(sound);
    }
    rmSync(memo);
    mkdirSync(memo);
    expect(await inputs().artifact(file)).toEqual(sound);
    expect(readdirSync(join(directory, 'artifacts/cache/tmp'))).toEqual([]);
  });

  it('that were written a moment ago are always read', async () => {
    const file = join(directory, 'data.txt');
    writeFileSync(file, 'one');
    const before = await inputs().artifact(file);
    writeFileSync(file, 'two');
    expect((await inputs().artifact(file)).digest).not.toBe(before.digest);
  });

  it('may be directories: a file that is added or renamed is noticed', async () => {
    mkdirSync(join(directory, 'data'));
    write('data/a', 'a');
    const path = join(directory, 'data');
    const first = await inputs().artifact(path);
    expect(first.artifact).toBe('directory');
    const digests = [first.digest];
    expect((await inputs().artifact(path)).digest).toBe(digests[0]);
    write('data/b', 'b');
    digests.push((await inputs().artifact(path)).digest);
    mkdirSync(join(path, 'empty'));
    digests.push((await inputs().artifact(path)).digest);
    expect(new Set(digests).size).toBe(3);
  });

  it('are stored again when the store has lost them, unless they have been edited since', async () => {
    const file = write('data.txt', 'one');
    const run = inputs();
    await run.artifact(file);
    const objects = join(directory, 'artifacts/cache/objects');
    rmSync(objects, { recursive: true });
    await run.restore(file);
    expect(readdirSync(objects)).toHaveLength(1);
    write('data.txt', 'two', 2000);
    await expect(run.restore(file)).rejects.toMatchObject({
      message: `${file} was edited while the run read it`,
      hint: 'Run again to use it as it is now.',
    });
  });

  it('that do not exist are refused with what to do', async () => {
    const file = join(directory, 'data.txt');
    await expect(inputs().artifact(file)).rejects.toMatchObject({
      message: `the input ${file} does not exist`,
      hint: 'Create it, or correct its path.',
    });
  });

  it('are known also where nothing can be stored: hits and plans need no more than their digest', async () => {
    const file = write('data.txt', 'one');
    const run = inputs();
    write('artifacts/cache/tmp', 'a file in the way of everything that is stored');
    expect(await run.artifact(file)).toEqual({ artifact: 'file', digest: digestOfBytes('one'), bytes: 3 });
  });

  it.runIf(process.platform === 'linux')('that cannot be read are reported by their path', async () => {
    await expect(inputs().artifact('/proc/self/mem')).rejects.toThrow(
      'Cannot read /proc/self/mem: the disk reports an error',
    );
  });

  it('that hold what cannot be stored are refused', async () => {
    mkdirSync(join(directory, 'data'));
    symlinkSync('nowhere', join(directory, 'data/link'));
    await expect(inputs().artifact(join(directory, 'data'))).rejects.toBeInstanceOf(StageError);
  });

  it('of which only the fingerprint is remembered are read', async () => {
    const file = write('data.txt', 'one');
    moveClock(10_000);
    const before = await inputs().artifact(file);
    const { fingerprint } = readMemo(memoFile()) as { fingerprint: string };
    await writeMemo(join(directory, 'artifacts/cache'), memoFile(), { fingerprint });
    expect(await inputs().artifact(file)).toEqual(before);
  });
});
