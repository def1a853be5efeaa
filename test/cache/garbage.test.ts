import { existsSync } from 'node:fs';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findGarbage, type Roots } from '../../src/cache/garbage/find-garbage.ts';
import { removeOldMemos } from '../../src/cache/garbage/old-memos.ts';
import { type Removable, removeGarbage } from '../../src/cache/garbage/remove-garbage.ts';
import { BlobStore } from '../../src/cache/objects/blob-store.ts';
import { ObjectStore, type StoredArtifact } from '../../src/cache/objects/object-store.ts';
import { actionKey, type KeyManifest } from '../../src/cache/records/action-key.ts';
import { RECORD_VERSION } from '../../src/cache/records/action-record.ts';
import { ActionRecords } from '../../src/cache/records/action-records.ts';
import type { Digest } from '../../src/files/digest.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const fail = (problem: { readonly message: string }) => {
  throw new Error(problem.message);
};
const ALWAYS: Roots = {
  actions: new Set(),
  recordedSince: Number.POSITIVE_INFINITY,
  artifacts: [],
  since: Number.POSITIVE_INFINITY,
};
const unused = { lastUsed: () => undefined };

/** A real cache, and how to put results into it. */
async function setUp() {
  const root = await temporaryDirectory();
  const cacheDirectory = join(root, 'cache');
  const blobs = new BlobStore(cacheDirectory, fail);
  const cache: Removable = {
    cacheDirectory,
    locksDirectory: join(cacheDirectory, 'locks'),
    records: new ActionRecords(cacheDirectory, fail),
    objects: new ObjectStore(blobs, fail),
    blobs,
  };
  /** Stores a folder of files with these contents as the result of the action of that name. */
  const add = async (name: string, contents: readonly string[], finished = '2026-01-01T00:00:00Z') => {
    const folder = join(root, name);
    await mkdir(folder, { recursive: true });
    for (const [index, content] of contents.entries()) await writeFile(join(folder, String(index)), content);
    const output = await cache.objects.put(folder, 'directory');
    await record(name, output, finished);
    return { key: keyOf(name), output };
  };
  const record = async (name: string, output: StoredArtifact, finished = '2026-01-01T00:00:00Z') => {
    const manifest = manifestOf(name);
    const about = { record: RECORD_VERSION, key: actionKey(manifest), manifest, observed: {} } as const;
    await cache.records.add({ ...about, outputs: { all: output }, provenance: { finished } });
  };
  const collect = async (first: Roots, second = first) => {
    const garbage = await findGarbage(cache, first, unused);
    await removeGarbage(cache, garbage, async () => second);
    return garbage;
  };
  /** Whether an action has its record and every object of it. */
  const isWhole = async (key: Digest) => {
    const [found] = await cache.records.find(key);
    return found !== undefined && (await cache.objects.contains(found.outputs.all!));
  };
  return { root, cache, add, record, collect, isWhole };
}

const manifestOf = (name: string): KeyManifest => ({
  format: 1,
  type: 'command',
  version: 1,
  settings: { name },
  inputs: {},
  env: {},
});
const keyOf = (name: string) => actionKey(manifestOf(name));

describe('garbage', () => {
  it('is all that no root needs: no more, no less, whatever results share', async () => {
    const contents = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(contents, fc.boolean()), { maxLength: 6 }), async (results) => {
        const { cache, add, collect, isWhole } = await setUp();
        const needed = new Set<Digest>();
        const kept = new Set<Digest>();
        for (const [index, [texts, isRoot]] of results.entries()) {
          const { key, output } = await add(String(index), texts);
          if (!isRoot) continue;
          kept.add(key);
          for (const digest of await cache.objects.names(output)) needed.add(digest);
        }
        await collect({ ...ALWAYS, actions: kept });
        for (const [index, [, isRoot]] of results.entries())
          expect(await isWhole(keyOf(String(index)))).toBe(isRoot);
        const left = new Set<Digest>();
        for await (const { digest } of cache.blobs.entries()) left.add(digest);
        expect(left).toEqual(needed);
      }),
      { numRuns: 60 },
    );
  });

  it('is no record that was written a moment ago: nobody may have had the time to use it', async () => {
    const { add, collect, isWhole } = await setUp();
    const { key } = await add('one', ['a']);
    await collect({ ...ALWAYS, recordedSince: Date.now() - 60_000 });
    expect(await isWhole(key)).toBe(true);
  });

  it('goes only as far as the size that is asked for, the longest unused first', async () => {
    const { cache, add } = await setUp();
    const old = await add('old', ['x'.repeat(1000)], '2026-01-01T00:00:00Z');
    const young = await add('young', ['y'.repeat(1000)], '2026-02-01T00:00:00Z');
    const find = (downTo: number) => findGarbage(cache, ALWAYS, { ...unused, downTo });
    const actions = async (downTo: number) => (await find(downTo)).actions.map(({ record: { key } }) => key);
    expect(await actions(10_000)).toEqual([]);
    expect(await actions(1900)).toEqual([old.key]);
    expect(await actions(100)).toEqual([old.key, young.key]);
    expect((await find(1900)).actions[0]!.bytes).toBeGreaterThan(1000);
  });
});

describe('what is needed only at the second look', () => {
  it('is given back: the record of an action, with its objects', async () => {
    const { add, collect, isWhole } = await setUp();
    const { key } = await add('one', ['a', 'b']);
    await collect(ALWAYS, { ...ALWAYS, actions: new Set([key]) });
    expect(await isWhole(key)).toBe(true);
  });

  it('is given back: an object that somebody has found and not recorded yet', async () => {
    const { root, cache, add } = await setUp();
    const { output } = await add('one', ['a']);
    const garbage = await findGarbage(cache, ALWAYS, unused);
    const began = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await cache.objects.put(join(root, 'one'), 'directory')).digest).toBe(output.digest);
    await removeGarbage(cache, garbage, async () => ({ ...ALWAYS, since: began }));
    expect(await cache.objects.contains(output)).toBe(true);
    expect(await cache.records.find(keyOf('one'))).toEqual([]);
  });

  it('is given back: the objects of a record that came in between', async () => {
    const { cache, add, record } = await setUp();
    const { output } = await add('one', ['a', 'b']);
    const garbage = await findGarbage(cache, ALWAYS, unused);
    await record('two', output);
    await removeGarbage(cache, garbage, async () => ALWAYS);
    expect(await cache.objects.contains(output)).toBe(true);
  });

  it('and was made anew meanwhile, stays as it is', async () => {
    const { root, cache, add, isWhole } = await setUp();
    const { key } = await add('one', ['a']);
    const garbage = await findGarbage(cache, ALWAYS, unused);
    await removeGarbage(cache, garbage, async () => {
      await add('one', ['a']);
      return { ...ALWAYS, actions: new Set([key]) };
    });
    expect(await isWhole(key)).toBe(true);
    expect(await readFile(join(root, 'one', '0'), 'utf8')).toBe('a');
  });
});

describe('what is only remembered', () => {
  it('goes when nobody has needed it for a month, and nothing else does', async () => {
    const root = await temporaryDirectory();
    const [old, young, object] = ['items/ab/old.json', 'items/ab/young.json', 'objects/ab/old'] as const;
    for (const name of [old, young, object]) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), '');
    }
    for (const name of [old, object]) await utimes(join(root, name), 0, 0);
    await removeOldMemos(root);
    const isThere = (name: string) => existsSync(join(root, name));
    expect([isThere(old), isThere(young), isThere(object)]).toEqual([false, true, true]);
  });
});
