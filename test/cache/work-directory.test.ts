import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  createAttempt,
  isAbandoned,
  isOfDead,
  listAttempts,
  removeAttempts,
} from '../../src/cache/work-directory.ts';
import { digestOfBytes } from '../../src/files/digest.ts';
import { thisProcess } from '../../src/files/process-identity.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const key = digestOfBytes('action');

describe('createAttempt', () => {
  it('gives names that sort by creation, however fast they come', async () => {
    const work = await temporaryDirectory();
    const created: string[] = [];
    for (let count = 0; count < 20; count++) created.push((await createAttempt(work, key)).attempt);
    expect(created).toEqual(created.toSorted());
    expect(new Set(created).size).toBe(20);
    expect((await listAttempts(work, key)).map(({ attempt }) => attempt)).toEqual(created.toReversed());
  });

  it('sorts after an attempt of a clock that was ahead', async () => {
    const work = await temporaryDirectory();
    await mkdir(join(work, key, '2999-12-31T23-59-59.999Z'), { recursive: true });
    expect((await createAttempt(work, key)).attempt).toBe('3000-01-01T00-00-00.000Z');
  });

  it('gives every one its own directory when many are created at once', async () => {
    const work = await temporaryDirectory();
    const created = await Promise.all(Array.from({ length: 20 }, () => createAttempt(work, key)));
    expect(new Set(created.map(({ directory }) => directory)).size).toBe(20);
    for (const { attempt, directory } of created) {
      expect((await stat(directory)).isDirectory()).toBe(true);
      expect(basename(directory)).toBe(attempt);
    }
  });
});

describe('listAttempts', () => {
  it('is empty where there are none, and skips what is no attempt', async () => {
    const work = await temporaryDirectory();
    expect(await listAttempts(work, key)).toEqual([]);
    for (const name of ['notes', '.new-1', '2025-01-31T08-15-30.123Z.bak', 'of-2025-01-31T08-15-30.123Z']) {
      await mkdir(join(work, key, name), { recursive: true });
    }
    expect(await listAttempts(work, key)).toEqual([]);
  });
});

describe('the owner of an attempt', () => {
  it.each([
    ['this process', {}, { dead: false, abandoned: true }],
    ['a process that ended', { started: 'before the machine was built' }, { dead: true, abandoned: true }],
    ['a process on another host, which may run', { host: 'elsewhere' }, { dead: false, abandoned: false }],
    ['nobody, because the machine stopped too early', undefined, { dead: true, abandoned: true }],
  ])('is %s', async (_, owner, expected) => {
    const { directory } = await createAttempt(await temporaryDirectory(), key);
    const text = owner && JSON.stringify({ ...(await thisProcess()), ...owner });
    await writeFile(join(directory, 'owner.json'), text ?? '{"ho');
    const state = { dead: await isOfDead(directory), abandoned: await isAbandoned(directory) };
    expect(state).toEqual(expected);
    if (owner === undefined) await rm(join(directory, 'owner.json'));
    expect(await isOfDead(directory)).toBe(expected.dead);
  });
});

describe('removeAttempts', () => {
  it('removes the attempts of this process and of those that ended', async () => {
    const work = await temporaryDirectory();
    await createAttempt(work, key);
    const { directory } = await createAttempt(work, key);
    const owner = JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8'));
    await writeFile(
      join(directory, 'owner.json'),
      JSON.stringify({ ...owner, started: 'before the machine was built' }),
    );
    await mkdir(join((await createAttempt(work, key)).directory, 'work'));
    await removeAttempts(work, key);
    expect(await readdir(work)).toEqual([]);
  });

  it('leaves the attempts of other processes that run, or might', async () => {
    const work = await temporaryDirectory();
    const { directory } = await createAttempt(work, key);
    const owner = JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8'));
    await writeFile(join(directory, 'owner.json'), JSON.stringify({ ...owner, host: 'elsewhere' }));
    await createAttempt(work, key);
    await removeAttempts(work, key);
    expect((await listAttempts(work, key)).map((attempt) => attempt.directory)).toEqual([directory]);
  });

  // inotify tells in which order names disappear; FSEvents of macOS does not.
  it.runIf(process.platform === 'linux')('first of all has nobody adopt an attempt any more', async () => {
    const work = await temporaryDirectory();
    const { directory } = await createAttempt(work, key);
    const names = ['submission.json', 'result.json', ...Array.from({ length: 30 }, (_, index) => `${index}`)];
    for (const name of names) await writeFile(join(directory, name), '');
    const removed: (string | null)[] = [];
    const watcher = watch(directory, (_, name) => removed.push(name));
    await removeAttempts(work, key);
    await vi.waitUntil(() => removed.includes('result.json'));
    watcher.close();
    expect(removed[0]).toBe('submission.json');
  });

  it('is content when there is nothing', async () => {
    await removeAttempts(await temporaryDirectory(), key);
  });
});
