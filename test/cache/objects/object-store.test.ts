import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CacheProblem } from '../../../src/cache/cache-problem.ts';
import type { ObjectStore, StoredArtifact } from '../../../src/cache/objects/object-store.ts';
import { encodeTree } from '../../../src/cache/objects/tree.ts';
import { digestOfBytes, digestOfFile } from '../../../src/files/digest.ts';
import { objectStoreIn } from '../object-store-in.ts';
import { openFiles } from '../open-files.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

async function setUp() {
  const root = await temporaryDirectory();
  const cache = join(root, 'cache');
  const problems: CacheProblem[] = [];
  const store = objectStoreIn(cache, (problem) => problems.push(problem));
  return { root, cache, problems, store };
}

function objectPath(cache: string, digest: string): string {
  return join(cache, 'objects', digest.slice(0, 2), digest.slice(2));
}

/** Changes an object as a failing disk does: inode and modification time stay what they were. */
async function damage(path: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  const [bytes, { atime, mtime }] = [await readFile(path), await stat(path)];
  await chmod(path, 0o644);
  await writeFile(path, change(bytes));
  await utimes(path, atime, mtime);
}

function flip(position: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[position] = bytes[position]! ^ 1;
    return bytes;
  };
}

/** A disk other than that of temporary files, if there is one that is known. */
const otherDisk = ['/dev/shm'].find(
  (path) => existsSync(path) && statSync(path).dev !== statSync(tmpdir()).dev,
);

describe('ObjectStore.put', () => {
  it('copies a file under its digest, read-only', async () => {
    const { root, cache, store } = await setUp();
    const source = join(root, 'source');
    await writeFile(source, 'hello');
    const stored = await store.put(source, 'file');
    expect(stored).toEqual({ artifact: 'file', digest: digestOfBytes('hello'), bytes: 5 });
    expect(await readFile(objectPath(cache, stored.digest), 'utf8')).toBe('hello');
    expect((await stat(objectPath(cache, stored.digest))).mode & 0o777).toBe(0o444);
    expect(await readFile(source, 'utf8')).toBe('hello');
  });

  it('moves a file when asked to: the same inode, nothing left', async () => {
    const { root, cache, store } = await setUp();
    const source = join(root, 'source');
    await writeFile(source, 'hello');
    const { ino } = await stat(source);
    const { digest } = await store.put(source, 'file', { move: true });
    expect((await stat(objectPath(cache, digest))).ino).toBe(ino);
    await expect(stat(source)).rejects.toThrow('ENOENT');
  });

  it.runIf(otherDisk)('moves a file from another disk', async () => {
    const { cache, store } = await setUp();
    const source = await mkdtemp(join(otherDisk!, 'pipe-cache-'));
    onTestFinished(() => rm(source, { recursive: true, force: true }));
    await writeDirectory(join(source, 'in'), {
      a: { content: 'first', executable: true },
      'b/c': { content: 'second', executable: false },
    });
    const stored = await store.put(join(source, 'in'), 'directory', { move: true });
    expect(await readdir(source)).toEqual([]);
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
    expect((await stat(objectPath(cache, digestOfBytes('first')))).mode & 0o777).toBe(0o444);
    expect(await store.contains(stored)).toBe(true);
  });

  it('moves the files of a directory: the same inodes', async () => {
    const { root, cache, store } = await setUp();
    await mkdir(join(root, 'out/deep'), { recursive: true });
    await writeFile(join(root, 'out/deep/file'), 'hello');
    const { ino } = await stat(join(root, 'out/deep/file'));
    await store.put(join(root, 'out'), 'directory', { move: true });
    expect((await stat(objectPath(cache, digestOfBytes('hello')))).ino).toBe(ino);
  });

  it('copies a file that has another link, through which it could be changed', async () => {
    const { root, store } = await setUp();
    const [source, other] = [join(root, 'source'), join(root, 'other')];
    await writeFile(source, 'hello');
    await link(source, other);
    const stored = await store.put(source, 'file', { move: true });
    await writeFile(other, 'HELLO');
    expect(await contentOf(store, stored)).toBe('hello');
    await expect(stat(source)).rejects.toThrow('ENOENT');
  });

  it('keeps an object that is there already', async () => {
    const { root, cache, store } = await setUp();
    const [first, second] = [join(root, 'first'), join(root, 'second')];
    await writeFile(first, 'hello');
    await writeFile(second, 'hello');
    const { digest } = await store.put(first, 'file');
    const { ino } = await stat(objectPath(cache, digest));
    await store.put(first, 'file');
    await store.put(second, 'file', { move: true });
    await store.putBytes('hello');
    expect((await stat(objectPath(cache, digest))).ino).toBe(ino);
    await expect(stat(second)).rejects.toThrow('ENOENT');
  });

  it('replaces a damaged object, which it puts aside', async () => {
    const { cache, problems, store } = await setUp();
    const stored = await store.putBytes('hello');
    await damage(objectPath(cache, stored.digest), flip(0));
    await store.putBytes('hello');
    expect(await contentOf(store, stored)).toBe('hello');
    expect(problems.map(({ code }) => code)).toEqual(['corrupt-object']);
    expect(await readFile(problems[0]!.quarantined!, 'utf8')).toBe('iello');
  });

  it('stores one state under one digest while the source is being written to', async () => {
    const { root, store } = await setUp();
    const source = join(root, 'source');
    await writeFile(source, Buffer.alloc(8 << 20));
    let writing = true;
    const writer = (async () => {
      for (let round = 1; writing; round++) await writeFile(source, Buffer.alloc(8 << 20, round));
    })();
    const stored = await store.put(source, 'file');
    writing = false;
    await writer;
    const located = await store.locate(stored);
    if (located?.artifact !== 'file') throw new Error('not stored');
    expect(await digestOfFile(located.path)).toEqual({ digest: stored.digest, bytes: stored.bytes });
  });

  it('leaves no unfinished file behind', async () => {
    const { root, cache, store } = await setUp();
    await writeFile(join(root, 'source'), 'hello');
    await store.put(join(root, 'source'), 'file');
    await store.put(join(root, 'source'), 'file', { move: true });
    await store.putBytes('other');
    await store.materialize(await store.putBytes('hello'), join(root, 'copy'));
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
    expect(openFiles(root)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('says so where the file system takes no folders', async () => {
    const store = objectStoreIn('/proc/cache', () => {});
    await expect(store.putBytes('hello')).rejects.toMatchObject({
      name: 'CacheError',
      message: 'Cannot create /proc/cache: no folder can be made there.',
      hint: 'Give another folder with --artifacts.',
    });
  });

  it('refuses what is missing or of the other kind', async () => {
    const { root, store } = await setUp();
    await writeFile(join(root, 'file'), '');
    await expect(store.put(join(root, 'none'), 'file')).rejects.toMatchObject({
      name: 'StageError',
      message: `Cannot read ${join(root, 'none')}: it is gone`,
      hint: 'Check the file and its permissions.',
    });
    await expect(store.put(root, 'file')).rejects.toThrow('is not a regular file');
    await expect(store.put(join(root, 'file'), 'directory')).rejects.toThrow('is not a directory');
  });

  it('gives a directory the digest of its tree object and the size of its files', async () => {
    const { root, store } = await setUp();
    await mkdir(join(root, 'model/empty'), { recursive: true });
    await writeFile(join(root, 'model/config.json'), '{}');
    const stored = await store.put(join(root, 'model'), 'directory', { move: true });
    const files = [{ path: 'config.json', digest: digestOfBytes('{}'), bytes: 2, executable: false }];
    expect(stored).toEqual({
      artifact: 'directory',
      digest: digestOfBytes(encodeTree({ files, emptyDirectories: ['empty'] })),
      bytes: 2,
    });
    await expect(stat(join(root, 'model'))).rejects.toThrow('ENOENT');
  });
});

describe('ObjectStore.materialize', () => {
  it('gives back any directory exactly, writable', async () => {
    await fc.assert(
      fc.asyncProperty(directories, async (directory) => {
        const { root, store, problems } = await setUpWithoutTest();
        try {
          await writeDirectory(join(root, 'in'), directory);
          const stored = await store.put(join(root, 'in'), 'directory');
          expect(await store.contains(stored)).toBe(true);
          expect(await store.materialize(stored, join(root, 'out'))).toBeDefined();
          expect(await readDirectory(join(root, 'out'))).toEqual(
            normalized(await readDirectory(join(root, 'in'))),
          );
          expect((await store.put(join(root, 'out'), 'directory', { move: true })).digest).toBe(
            stored.digest,
          );
          expect(problems).toEqual([]);
        } finally {
          await rm(root, { recursive: true });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('says where each file of a directory is, in the store and in the copy', async () => {
    const { root, cache, store } = await setUp();
    await writeDirectory(join(root, 'in'), {
      a: { content: 'first', executable: false },
      'b/c': { content: 'second', executable: false },
      'd/empty': null,
    });
    const stored = await store.put(join(root, 'in'), 'directory');
    expect(await store.locate(stored)).toEqual({
      artifact: 'directory',
      files: {
        a: objectPath(cache, digestOfBytes('first')),
        'b/c': objectPath(cache, digestOfBytes('second')),
      },
    });
    const out = join(root, 'sub/out');
    expect(await store.materialize(stored, out)).toEqual({
      artifact: 'directory',
      files: { a: join(out, 'a'), 'b/c': join(out, 'b/c') },
    });
  });

  it('leaves a directory that is there already as it is', async () => {
    const { root, store } = await setUp();
    await writeDirectory(join(root, 'in'), { a: { content: 'x', executable: false } });
    const stored = await store.put(join(root, 'in'), 'directory');
    await expect(store.materialize(stored, join(root, 'in'))).rejects.toThrow('EEXIST');
    expect(await readFile(join(root, 'in/a'), 'utf8')).toBe('x');
  });

  it('gives a copy that can be written to without touching the store', async () => {
    const { root, cache, store } = await setUp();
    const stored = await store.putBytes('hello');
    expect(await store.materialize(stored, join(root, 'sub/copy'))).toEqual({
      artifact: 'file',
      path: join(root, 'sub/copy'),
    });
    const copy = await stat(join(root, 'sub/copy'));
    expect(copy.mode & 0o777).toBe(0o644);
    expect(copy.ino).not.toBe((await stat(objectPath(cache, stored.digest))).ino);
    await writeFile(join(root, 'sub/copy'), 'HELLO');
    expect(await contentOf(store, stored)).toBe('hello');
  });

  it('writes nothing when an object is lost', async () => {
    const { root, cache, store, problems } = await setUp();
    await writeDirectory(join(root, 'in'), { a: { content: 'x', executable: false } });
    const stored = await store.put(join(root, 'in'), 'directory');
    await rm(objectPath(cache, digestOfBytes('x')));
    expect(await store.materialize(stored, join(root, 'out'))).toBeUndefined();
    await expect(stat(join(root, 'out'))).rejects.toThrow('ENOENT');
    expect(problems.map(({ code }) => code)).toEqual(['lost-object']);
  });

  it('does not write over what is there', async () => {
    const { root, store } = await setUp();
    await writeFile(join(root, 'mine'), 'precious');
    await expect(store.materialize(await store.putBytes('x'), join(root, 'mine'))).rejects.toThrow('EEXIST');
    expect(await readFile(join(root, 'mine'), 'utf8')).toBe('precious');
  });
});

describe('damage', () => {
  const size = (1 << 20) + 7;
  const positions = [0, 1, 63, 64, 4095, 4096, size >> 1, (1 << 20) - 1, 1 << 20, size - 1];
  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ...positions.map((position): [string, (bytes: Buffer) => Buffer] => [
      `byte ${position} flipped`,
      flip(position),
    ]),
    ['the last byte cut', (bytes) => bytes.subarray(0, -1)],
    ['cut at a block', (bytes) => bytes.subarray(0, 4096)],
    ['emptied', () => Buffer.alloc(0)],
    ['a byte added', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
    ['zeroed', (bytes) => Buffer.alloc(bytes.length)],
    ['doubled', (bytes) => Buffer.concat([bytes, bytes])],
  ];

  it.each(damages)('is noticed and never used: %s', async (_, change) => {
    const { cache, problems, store } = await setUp();
    const stored = await store.putBytes(Buffer.alloc(size, 'pipe'));
    const path = objectPath(cache, stored.digest);
    await damage(path, change);
    const damaged = await readFile(path);
    expect(await store.locate(stored)).toBeUndefined();
    expect(problems).toEqual([expect.objectContaining({ code: 'corrupt-object' })]);
    expect(Buffer.compare(await readFile(problems[0]!.quarantined!), damaged)).toBe(0);
    expect(await store.contains(stored)).toBe(false);
    expect(await store.locate(stored)).toBeUndefined();
  });

  it('is noticed at every byte of a tree object', async () => {
    const { root, cache, problems, store } = await setUp();
    await writeDirectory(join(root, 'in'), { a: { content: 'x', executable: true } });
    const stored = await store.put(join(root, 'in'), 'directory');
    const path = objectPath(cache, stored.digest);
    const text = await readFile(path);
    for (let position = 0; position < text.length; position++) {
      await damage(path, flip(position));
      expect(await store.locate(stored)).toBeUndefined();
      expect(problems).toHaveLength(position + 1);
      await writeFile(path, text);
    }
    expect(await store.locate(stored)).toBeDefined();
  });

  it('of one file makes its directory a miss', async () => {
    const { root, cache, problems, store } = await setUp();
    await writeDirectory(join(root, 'in'), {
      a: { content: 'first', executable: false },
      b: { content: 'second', executable: false },
    });
    const stored = await store.put(join(root, 'in'), 'directory');
    await damage(objectPath(cache, digestOfBytes('second')), (bytes) => bytes.subarray(0, 3));
    expect(await store.contains(stored)).toBe(false);
    expect(await store.locate(stored)).toBeUndefined();
    expect(problems.map(({ code }) => code)).toEqual(['corrupt-object']);
  });

  it('is a miss where a directory lies in the place of an object', async () => {
    const { cache, problems, store } = await setUp();
    const stored = await store.putBytes('hello');
    await rm(objectPath(cache, stored.digest));
    await mkdir(objectPath(cache, stored.digest));
    expect(await store.contains(stored)).toBe(false);
    expect(await store.locate(stored)).toBeUndefined();
    expect(problems.map(({ code }) => code)).toEqual(['corrupt-object']);
    expect(await contentOf(store, await store.putBytes('hello'))).toBe('hello');
  });

  it('does not let an object that is no tree pass for a directory', async () => {
    const { problems, store } = await setUp();
    const { digest, bytes } = await store.putBytes('{"tree":7}');
    const stored = { artifact: 'directory', digest, bytes } as const;
    expect(await store.contains(stored)).toBe(false);
    expect(await store.locate(stored)).toBeUndefined();
    expect(problems.map(({ code }) => code)).toEqual(['corrupt-object', 'corrupt-object']);
  });

  it('is a lost object where it is missing', async () => {
    const { cache, problems, store } = await setUp();
    const stored = await store.putBytes('hello');
    const directory = { ...stored, artifact: 'directory' } as const;
    await rm(join(cache, 'objects'), { recursive: true });
    expect(await store.contains(stored)).toBe(false);
    expect(await store.contains(directory)).toBe(false);
    expect(problems).toEqual([]);
    expect(await store.locate(stored)).toBeUndefined();
    expect(problems).toEqual([
      { code: 'lost-object', message: expect.stringContaining(`${stored.digest} is missing`) },
    ]);
  });
});

describe('every read', () => {
  it('finds damage that came after an earlier read, in whatever way the object is read', async () => {
    const { root, cache, problems, store } = await setUp();
    await writeDirectory(join(root, 'in'), { a: { content: 'x', executable: false } });
    const file = await store.putBytes('hello');
    const directory = await store.put(join(root, 'in'), 'directory');
    const reads: [StoredArtifact, string][] = [
      [file, file.digest],
      [directory, directory.digest],
      [directory, digestOfBytes('x')],
    ];
    for (const [artifact, damaged] of reads) {
      for (const how of ['locate', 'materialize'] as const) {
        const read = () =>
          how === 'locate' ? store.locate(artifact) : store.materialize(artifact, join(root, 'out'));
        expect(await read()).toBeDefined();
        await rm(join(root, 'out'), { recursive: true, force: true });
        problems.length = 0;
        await damage(objectPath(cache, damaged), flip(0));
        expect(await read()).toBeUndefined();
        expect(problems).toEqual([expect.objectContaining({ code: 'corrupt-object' })]);
        await expect(stat(join(root, 'out'))).rejects.toThrow('ENOENT');
        await store.putBytes('hello');
        await store.put(join(root, 'in'), 'directory');
        expect(await read()).toBeDefined();
        await rm(join(root, 'out'), { recursive: true, force: true });
      }
    }
  });

  it('is a miss where something else lies in the place of an object, and does not wait for it', async () => {
    const { root, cache, store } = await setUp();
    const stored = await store.putBytes('hello');
    const path = objectPath(cache, stored.digest);
    const oddities = [
      () => symlink('nowhere', path),
      () => symlink(path, path),
      () => symlink('/dev/zero', path),
      () => execFileSync('mkfifo', [path]),
    ];
    for (const make of oddities) {
      await rm(path, { recursive: true });
      await make();
      expect(await store.contains(stored)).toBe(false);
      expect(await store.locate(stored)).toBeUndefined();
      expect(await store.materialize(stored, join(root, 'out'))).toBeUndefined();
      await store.putBytes('hello');
      expect(await contentOf(store, stored)).toBe('hello');
    }
  });

  it('does not take an object for damaged when it is the destination that cannot be written to', async () => {
    const { root, problems, store } = await setUp();
    const stored = await store.putBytes('hello');
    await symlink(join(root, 'loop'), join(root, 'loop'));
    await expect(store.materialize(stored, join(root, 'loop/copy'))).rejects.toThrow('ELOOP');
    await expect(store.materialize(stored, '/proc/copy')).rejects.toThrow();
    expect(problems).toEqual([]);
    expect(await contentOf(store, stored)).toBe('hello');
  });
});

describe('the run bit', () => {
  it('of a single file is kept', async () => {
    const { root, store } = await setUp();
    for (const mode of [0o755, 0o700, 0o644, 0o611]) {
      const path = join(root, `file-${mode}`);
      await writeFile(path, 'hello');
      await chmod(path, mode);
      const stored = await store.put(path, 'file', { move: mode === 0o700 });
      expect(stored.executable).toBe((mode & 0o100) === 0 ? undefined : true);
      await store.materialize(stored, join(root, `copy-${mode}`));
      expect((await stat(join(root, `copy-${mode}`))).mode & 0o777).toBe(
        (mode & 0o100) === 0 ? 0o644 : 0o755,
      );
    }
  });
});

describe('symbolic links', () => {
  it('that are only deep in a directory are copied from, too', async () => {
    const { root, store } = await setUp();
    await writeFile(join(root, 'mine'), 'precious');
    await mkdir(join(root, 'out/very/deep'), { recursive: true });
    await symlink('../../../mine', join(root, 'out/very/deep/link'));
    const { mode } = await stat(join(root, 'mine'));
    const stored = await store.put(join(root, 'out'), 'directory', { move: true });
    expect((await stat(join(root, 'mine'))).mode).toBe(mode);
    await store.materialize(stored, join(root, 'back'));
    await rm(join(root, 'mine'));
    expect(await readDirectory(join(root, 'back'))).toEqual({
      'very/deep/link': { content: 'precious', executable: false },
    });
  });

  it('that are outputs are stored as what they show, which stays where it is and as it is', async () => {
    const { root, store } = await setUp();
    await writeDirectory(join(root, 'mine'), { a: { content: 'precious', executable: false } });
    const before = await stat(join(root, 'mine/a'));
    await mkdir(join(root, 'out'));
    await symlink('../mine/a', join(root, 'out/to-file'));
    await symlink('../mine', join(root, 'out/to-directory'));
    const copy = await store.put(join(root, 'mine'), 'directory');
    expect(await store.put(join(root, 'out/to-directory'), 'directory', { move: true })).toEqual(copy);
    await symlink('../mine', join(root, 'out/to-directory'));
    await mkdir(join(root, 'out/very/deep'), { recursive: true });
    await symlink('../../../mine/a', join(root, 'out/very/deep/link'));
    await writeFile(join(root, 'out/own'), 'own');
    await symlink('own', join(root, 'out/latest'));
    const stored = await store.put(join(root, 'out'), 'directory', { move: true });
    await expect(lstat(join(root, 'out'))).rejects.toThrow('ENOENT');
    await store.materialize(stored, join(root, 'back'));
    expect(await readDirectory(join(root, 'back'))).toEqual({
      'to-file': { content: 'precious', executable: false },
      'to-directory/a': { content: 'precious', executable: false },
      'very/deep/link': { content: 'precious', executable: false },
      own: { content: 'own', executable: false },
      latest: { content: 'own', executable: false },
    });
    const after = await stat(join(root, 'mine/a'));
    expect([after.ino, after.mode, after.mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs]);
  });

  it('that show nothing are refused with link and target', async () => {
    const { root, store } = await setUp();
    await symlink('nowhere', join(root, 'link'));
    await expect(store.put(join(root, 'link'), 'file', { move: true })).rejects.toThrow(
      `${join(root, 'link')}: it is a symbolic link to nowhere, and there is nothing`,
    );
    expect((await lstat(join(root, 'link'))).isSymbolicLink()).toBe(true);
  });
});

async function contentOf(store: ObjectStore, stored: StoredArtifact): Promise<string> {
  const located = await store.locate(stored);
  return located?.artifact === 'file' ? await readFile(located.path, 'utf8') : 'nothing';
}

// A property makes many directories in one test, so it removes them itself.
async function setUpWithoutTest() {
  const root = await mkdtemp(join(tmpdir(), 'pipe-cache-'));
  const problems: CacheProblem[] = [];
  return { root, problems, store: objectStoreIn(join(root, 'cache'), (problem) => problems.push(problem)) };
}

/** Path -> a file, or null for an empty directory. */
type Directory = Record<string, { content: string; executable: boolean } | null>;

const names = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '-rf',
    ' ',
    '...',
    '$HOME',
    "it's",
    'a"b',
    '*',
    'con',
    'é',
    'e\u0301x',
    '日本',
    '😀',
    'x\ny',
    'a\\b',
    '__proto__',
  ),
  fc
    .string({ unit: 'grapheme-composite', minLength: 1, maxLength: 6 })
    .filter((name) => !/[/\0]|^\.{1,2}$/.test(name)),
);

const directories: fc.Arbitrary<Directory> = fc
  .dictionary(
    fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    fc.option(
      fc.record({ content: fc.string({ unit: 'binary', maxLength: 20 }), executable: fc.boolean() }),
      { freq: 5 },
    ),
    { maxKeys: 8, noNullPrototype: true },
  )
  .filter(canExist);

/** Whether no path needs a file to be a directory, and no two names differ only in case or normalization. */
function canExist(directory: Directory): boolean {
  const fold = (path: string) => path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
  const parents = new Map<string, string>();
  const leaves = new Set<string>();
  for (const path of Object.keys(directory)) {
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
      if ((parents.get(fold(parent)) ?? parent) !== parent) return false;
      parents.set(fold(parent), parent);
    }
    if (leaves.has(fold(path))) return false;
    leaves.add(fold(path));
  }
  return [...leaves].every((leaf) => !parents.has(leaf));
}

async function writeDirectory(root: string, directory: Directory): Promise<void> {
  await mkdir(root);
  for (const [path, file] of Object.entries(directory)) {
    if (file === null) {
      await mkdir(join(root, path), { recursive: true });
      continue;
    }
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), file.content, { mode: file.executable ? 0o755 : 0o644 });
  }
}

async function readDirectory(root: string): Promise<Directory> {
  const found: [string, Directory[string]][] = [];
  for (const path of await readdir(root, { recursive: true })) {
    const state = await lstat(join(root, path));
    if (!state.isDirectory()) {
      found.push([
        path,
        { content: await readFile(join(root, path), 'utf8'), executable: (state.mode & 0o100) !== 0 },
      ]);
    } else if ((await readdir(join(root, path))).length === 0) {
      found.push([path, null]);
    }
  }
  return Object.fromEntries(found);
}

function normalized(directory: Directory): Directory {
  return Object.fromEntries(Object.entries(directory).map(([path, file]) => [path.normalize('NFC'), file]));
}
