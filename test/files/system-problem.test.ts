import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ActionRecords } from '../../src/cache/records/action-records.ts';
import { createAttempt } from '../../src/cache/work-directory.ts';
import { brokenLink } from '../../src/files/broken-link.ts';
import { acquireLock } from '../../src/files/lock.ts';
import {
  CacheError,
  DESTINATION,
  explained,
  ifThere,
  orAbsent,
  systemProblem,
} from '../../src/files/system-problem.ts';
import { record } from '../cache/examples.ts';
import { objectStoreIn } from '../cache/object-store-in.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

const isRoot = process.getuid?.() === 0;
const canMount = isRoot && process.platform === 'linux' && tryMount();

/** Whether this root may mount (in a container it may not). */
function tryMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A disk of one mebibyte of its own. */
async function smallDisk(): Promise<string> {
  const disk = join(await temporaryDirectory(), 'disk');
  await mkdir(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  onTestFinished(() => void execFileSync('umount', ['-l', disk]));
  return disk;
}

const neverAborted = new AbortController().signal;

describe('explained', () => {
  it('passes results and other errors through', async () => {
    expect(await explained('work', async () => 7)).toBe(7);
    const error = new Error('mine');
    await expect(explained('work', () => Promise.reject(error))).rejects.toBe(error);
  });

  it('says what was done, what is wrong, what to do, and that results are kept', async () => {
    const cause = Object.assign(new Error('raw'), { code: 'EDQUOT', path: '/a/cache' });
    const error = await explained('store /a/b', () => Promise.reject(cause)).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toMatchObject({
      name: 'CacheError',
      message: 'Cannot store /a/b: your disk quota is used up (/a/cache).',
      cause,
    });
    expect((error as CacheError).hint).toMatch(
      /quota, or give another folder with --artifacts\. Results that exist are kept; run the same command again/,
    );
  });

  it('names both ends of a copy, and speaks of the destination where that is what the user named', async () => {
    const cause = Object.assign(new Error('raw'), { code: 'EROFS', path: '/cache/object', dest: '/mine' });
    const copying = explained('write /mine', () => Promise.reject(cause), DESTINATION);
    await expect(copying).rejects.toMatchObject({
      message: 'Cannot write /mine: the file system is read-only (/cache/object -> /mine).',
      hint: 'Make it writable, or give another destination.',
    });
  });

  it.each(
    [
      ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ENOTSUP', 'EMFILE', 'ENFILE', 'ENOTDIR'],
      ['EISDIR', 'EEXIST', 'ENOENT', 'ELOOP', 'ENAMETOOLONG', 'EIO', 'ENODEV', 'ENXIO', 'ESTALE'],
    ].flat(),
  )('says of %s in words what is wrong and what to do', (code) => {
    const error = systemProblem('work', Object.assign(new Error('raw'), { code, path: '/a' }));
    expect(error?.message).toMatch(/^Cannot work: [a-z][a-z ,-]{10,} \(\/a\)\.$/);
    expect(error?.hint).toMatch(/^[A-Z][^.]{8,}, or give another folder with --artifacts\./);
  });

  it('gives the words of the system for an error that nobody has put into others', () => {
    const unknown = Object.assign(new Error('raw'), { code: 'EMLINK', errno: -31, path: '/a' });
    expect(systemProblem('work', unknown)).toMatchObject({
      message: 'Cannot work: too many links (EMLINK) (/a).',
      hint: expect.stringContaining('Check that disk, or give'),
    });
  });

  it('explains no error but those of the file system', () => {
    const others: unknown[] = [
      new Error('mine'),
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED', errno: -111 }),
      Object.assign(new Error('odd'), { code: 'ERR_INVALID_ARG_TYPE', path: '/a' }),
      Object.assign(new Error('odd'), { code: 7, errno: -1, path: '/a' }),
      { code: 'ENOSPC', path: '/a' },
      'ENOSPC',
      undefined,
    ];
    for (const other of others) expect(systemProblem('work', other)).toBeUndefined();
  });

  it.each([
    ['of nothing', 'nowhere', 'is a symbolic link to nowhere, which does not exist. Is the disk mounted?'],
    ['of itself', 'disk', 'is a symbolic link to disk, which leads back to itself. Is the disk mounted?'],
  ])('names the link %s that a path leads through', async (_, target, message) => {
    const link = join(await temporaryDirectory(), 'disk');
    await symlink(target, link);
    await expect(objectStoreIn(join(link, 'deep/cache'), () => {}).putBytes('x')).rejects.toMatchObject({
      message: `${link} ${message}`,
      hint: 'Mount it, remove the link, or give another folder with --artifacts.',
    });
  });

  it('names no link that leads somewhere', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'file'), '');
    await symlink('.', join(root, 'here'));
    await symlink('file/below', join(root, 'below'));
    for (const path of [join(root, 'here/file'), join(root, 'below')]) {
      await expect(objectStoreIn(join(path, 'cache'), () => {}).putBytes('x')).rejects.toThrow(
        `a file is where a folder is needed (${path}`,
      );
    }
  });

  it('a file where the cache should be is told with its path', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    await expect(objectStoreIn(join(file, 'cache'), () => {}).putBytes('x')).rejects.toThrow(
      `a file is where a folder is needed (${file}`,
    );
  });
});

describe('brokenLink', () => {
  it('names the link from the current folder where it is in that, and in full elsewhere', async () => {
    const root = await temporaryDirectory();
    const [link, says] = [join(root, 'disk'), 'is a symbolic link to nowhere, which does not exist'];
    await symlink('nowhere', link);
    const currentFolder = vi.spyOn(process, 'cwd');
    onTestFinished(() => currentFolder.mockRestore());
    currentFolder.mockReturnValue(root);
    expect(brokenLink(join(link, 'deep/cache'))).toBe(`disk ${says}`);
    for (const elsewhere of [join(root, 'other'), link]) {
      currentFolder.mockReturnValue(elsewhere);
      expect(brokenLink(join(link, 'deep/cache'))).toBe(`${link} ${says}`);
    }
    currentFolder.mockImplementation(() => {
      throw new Error('the current folder was deleted');
    });
    expect(brokenLink(join(link, 'deep/cache'))).toBe(`${link} ${says}`);
  });
});

describe('ifThere and orAbsent', () => {
  it('give what is there, and nothing for what is not, also below a file', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'file'), 'text');
    const read = async (path: string) => [
      ifThere(() => readFileSync(path, 'utf8')),
      await orAbsent(readFile(path, 'utf8')),
    ];
    expect(await read(join(root, 'file'))).toEqual(['text', 'text']);
    expect(await read(join(root, 'none'))).toEqual([undefined, undefined]);
    expect(await read(join(root, 'file/below'))).toEqual([undefined, undefined]);
  });

  it('pass every other error', async () => {
    const root = await temporaryDirectory();
    expect(() => ifThere(() => readFileSync(root))).toThrow('EISDIR');
    await expect(orAbsent(readFile(root))).rejects.toThrow('EISDIR');
    await expect(orAbsent(Promise.reject('no error'))).rejects.toBe('no error');
    await expect(orAbsent(Promise.reject(undefined))).rejects.toBe(undefined);
  });
});

describe.skipIf(!canMount)('a full disk (needs a root that may mount; skipped elsewhere)', () => {
  it('is a clear error; what was stored stays, and nothing unfinished is left', async () => {
    const disk = await smallDisk();
    const root = await temporaryDirectory();
    await writeFile(join(root, 'large'), Buffer.alloc(2 << 20, 1));
    const problems: unknown[] = [];
    const store = objectStoreIn(join(disk, 'cache'), (problem) => problems.push(problem));
    const records = new ActionRecords(join(disk, 'cache'), (problem) => problems.push(problem));
    const output = await store.putBytes('small');
    const finished = record({ outputs: { output } });
    await records.add(finished);

    for (const move of [false, true]) {
      await expect(store.put(join(root, 'large'), 'file', { move })).rejects.toThrow(
        `Cannot store ${join(root, 'large')}: the disk is full (${join(root, 'large')} -> ${disk}`,
      );
    }
    await expect(store.putBytes(Buffer.alloc(2 << 20, 2))).rejects.toThrow('the disk is full');
    const large = { text: 'x'.repeat(2 << 20) };
    await expect(records.add({ ...finished, observed: { other: 1 }, provenance: large })).rejects.toThrow(
      'Cannot record a finished action: the disk is full.',
    );

    const elsewhere = objectStoreIn(join(root, 'cache'), (problem) => problems.push(problem));
    const stored = await elsewhere.put(join(root, 'large'), 'file');
    await expect(elsewhere.materialize(stored, join(disk, 'copy'))).rejects.toThrow('ENOSPC');
    await expect(stat(join(disk, 'copy'))).rejects.toThrow('ENOENT');

    expect((await readFile(join(root, 'large'))).length).toBe(2 << 20);
    expect(await readdir(join(disk, 'cache/tmp'))).toEqual([]);
    expect(await records.find(finished.key)).toEqual([finished]);
    expect(await store.locate(output)).toBeDefined();
    expect((await store.putBytes('still fits')).bytes).toBe(10);
    expect(problems).toEqual([]);
  });

  it('that is read-only still serves what it holds', async () => {
    const disk = await smallDisk();
    const cache = join(disk, 'cache');
    const output = await objectStoreIn(cache, () => {}).putBytes('kept');
    const finished = record({ outputs: { output } });
    await new ActionRecords(cache, () => {}).add(finished);
    await writeFile(join(cache, 'object-memo'), '');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expectReadOnly(cache, 'the file system is read-only');
    expect(await new ActionRecords(cache, () => {}).find(finished.key)).toEqual([finished]);
    expect(await objectStoreIn(cache, () => {}).locate(output)).toBeDefined();
  });
});

describe.skipIf(isRoot)('a folder without permission (root may write everywhere; skipped for it)', () => {
  it('is a clear error', async () => {
    const cache = join(await temporaryDirectory(), 'cache');
    await mkdir(cache);
    await chmod(cache, 0o555);
    onTestFinished(() => chmod(cache, 0o755));
    await expectReadOnly(cache, 'permission is denied');
  });
});

/** Asserts the same message from everything that writes. */
async function expectReadOnly(cache: string, problem: string): Promise<void> {
  const key = record().key;
  await expect(objectStoreIn(cache, () => {}).putBytes('new')).rejects.toThrow(problem);
  await expect(
    new ActionRecords(cache, () => {}).add(record({ provenance: { new: true }, observed: { a: 1 } })),
  ).rejects.toThrow(problem);
  await expect(createAttempt(join(cache, 'work'), key)).rejects.toThrow(
    `Cannot create a work directory: ${problem}`,
  );
  const lock = acquireLock(join(cache, 'locks/a'), {
    run: 'a',
    signal: neverAborted,
    onWaiting: () => {},
  });
  await expect(lock).rejects.toThrow(problem);
}
