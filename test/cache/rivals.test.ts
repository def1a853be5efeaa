import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CacheProblem } from '../../src/cache/cache-problem.ts';
import type { ObjectStore, StoredArtifact } from '../../src/cache/objects/object-store.ts';
import { encodeRecord } from '../../src/cache/records/action-record.ts';
import { ActionRecords } from '../../src/cache/records/action-records.ts';
import { digestOfBytes } from '../../src/files/digest.ts';
import { record } from './examples.ts';
import { objectStoreIn } from './object-store-in.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What another process does after damage was found, and just before the damaged file is put aside. */
const rival = vi.hoisted(() => ({ acts: async (_path: string): Promise<void> => {} }));

vi.mock('../../src/cache/objects/quarantine.ts', async (importOriginal) => {
  const { quarantine } = await importOriginal<typeof import('../../src/cache/objects/quarantine.ts')>();
  return {
    quarantine: async (cache: string, path: string, name: string) => {
      await rival.acts(path);
      return await quarantine(cache, path, name);
    },
  };
});

afterEach(() => {
  rival.acts = async () => {};
});

async function setUp() {
  const cache = await temporaryDirectory();
  const problems: CacheProblem[] = [];
  const onProblem = (problem: CacheProblem) => void problems.push(problem);
  return {
    cache,
    problems,
    store: objectStoreIn(cache, onProblem),
    records: new ActionRecords(cache, onProblem),
  };
}

async function overwrite(path: string, text: string): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, text);
}

describe('a sound object', () => {
  it('is read and kept without being moved for a moment', async () => {
    const { cache, problems, store } = await setUp();
    const hello = await store.putBytes('hello');
    rival.acts = async (path) => expect.fail(`${path} was put aside`);
    expect(await contentOf(await store.locate(hello))).toBe('hello');
    expect(String(await store.bytes(hello))).toBe('hello');
    expect(await contentOf(await store.materialize(hello, join(cache, 'out')))).toBe('hello');
    await store.put(join(cache, 'out'), 'file');
    await store.put(join(cache, 'out'), 'file', { move: true });
    await store.putBytes('hello');
    expect(problems).toEqual([]);
  });
});

describe('an object that another process has repaired in the meantime', () => {
  const reads: [string, (store: ObjectStore, hello: StoredArtifact, out: string) => Promise<string>][] = [
    ['located', async (store, hello) => await contentOf(await store.locate(hello))],
    ['read into memory', async (store, hello) => String(await store.bytes(hello))],
    ['copied', async (store, hello, out) => await contentOf(await store.materialize(hello, out))],
    ['stored again', async (store) => await contentOf(await store.locate(await store.putBytes('hello')))],
  ];

  it.each(reads)('is %s as if nothing had been wrong', async (_, read) => {
    const { cache, problems, store } = await setUp();
    const hello = await store.putBytes('hello');
    const path = join(cache, 'objects', hello.digest.slice(0, 2), hello.digest.slice(2));
    await overwrite(path, 'jello');
    rival.acts = (path) => overwrite(path, 'hello');
    expect(await read(store, hello, join(cache, 'out'))).toBe('hello');
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect(await readdir(join(cache, 'quarantine'))).toEqual([]);
    expect(problems).toEqual([]);
  });
});

describe('an object that another process has put aside in the meantime', () => {
  it('is a miss, without a place where it can be looked at', async () => {
    const { cache, problems, store } = await setUp();
    const hello = await store.putBytes('hello');
    await overwrite(join(cache, 'objects', hello.digest.slice(0, 2), hello.digest.slice(2)), 'jello');
    rival.acts = (path) => rm(path);
    expect(await store.locate(hello)).toBeUndefined();
    expect(problems).toEqual([{ code: 'corrupt-object', message: expect.stringContaining(hello.digest) }]);
  });
});

describe('a record that another process has replaced in the meantime', () => {
  const example = record({ provenance: { run: 1 } });

  it('is used, and stays in its place', async () => {
    const { cache, problems, records } = await setUp();
    await records.add(example);
    const path = join(cache, 'actions', example.key, `${digestOfBytes('{}')}.json`);
    await writeFile(path, 'damaged');
    rival.acts = (path) => writeFile(path, encodeRecord(example));
    expect(await records.find(example.key)).toEqual([example]);
    expect(problems).toEqual([]);
    rival.acts = async () => {};
    expect(await records.find(example.key)).toEqual([example]);
  });

  it('wins over one that is added', async () => {
    const { cache, problems, records } = await setUp();
    await records.add(example);
    await writeFile(join(cache, 'actions', example.key, `${digestOfBytes('{}')}.json`), 'damaged');
    rival.acts = (path) => writeFile(path, encodeRecord(example));
    expect(await records.add({ ...example, provenance: { run: 2 } })).toEqual(example);
    expect(problems).toEqual([]);
  });
});

async function contentOf(located: Awaited<ReturnType<ObjectStore['locate']>>): Promise<string> {
  return located?.artifact === 'file' ? await readFile(located.path, 'utf8') : 'nothing';
}
