import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ActionRecords } from '../../src/cache/records/action-records.ts';
import { inlineSmallOutputs } from '../../src/cache/records/inline-outputs.ts';
import { record } from '../cache/examples.ts';
import { objectStoreIn } from '../cache/object-store-in.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

/** What happened to the file system, in order. */
type Operation =
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'mkdir'; readonly path: string }
  | { readonly kind: 'rename' | 'link'; readonly from: string; readonly path: string };

const journal: Operation[] = vi.hoisted(() => []);

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs/promises')>();
  return {
    ...fs,
    open: async (path: string, flags: string) => {
      const handle = await fs.open(path, flags);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        await sync();
        journal.push({ kind: 'sync', path });
      };
      return handle;
    },
    mkdir: async (path: string) => {
      await fs.mkdir(path);
      journal.push({ kind: 'mkdir', path });
    },
    rename: async (from: string, path: string) => {
      await fs.rename(from, path);
      journal.push({ kind: 'rename', from, path });
    },
    link: async (from: string, path: string) => {
      await fs.link(from, path);
      journal.push({ kind: 'link', from, path });
    },
  };
});

beforeEach(() => void journal.splice(0));

/** Names whose directory was not flushed after they came to be: a power cut would take them away. */
function lostByPowerCut(operations: readonly Operation[]): string[] {
  return operations
    .filter(({ kind }) => kind !== 'sync')
    .filter(({ path }) => {
      const since = operations.slice(
        operations.findLastIndex((operation) => operation.kind !== 'sync' && operation.path === path),
      );
      return !since.some((operation) => operation.kind === 'sync' && operation.path === dirname(path));
    })
    .map(({ path }) => path);
}

describe('what a power cut leaves', () => {
  it('is whole: bytes before names, objects before the record, everything before success is told', async () => {
    const root = await temporaryDirectory();
    const cache = join(root, 'cache');
    await mkdir(join(root, 'model'));
    await mkdir(join(root, 'model/empty'));
    await writeFile(join(root, 'model/weights'), Buffer.alloc(100_000, 1));
    await writeFile(join(root, 'model/config'), '{}');
    await writeFile(join(root, 'log'), 'text');
    journal.splice(0);

    const store = objectStoreIn(cache, (problem) => expect.fail(problem.message));
    const outputs = {
      model: await store.put(join(root, 'model'), 'directory', { move: true }),
      log: await store.put(join(root, 'log'), 'file'),
    };
    const records = new ActionRecords(cache, (problem) => expect.fail(problem.message));
    await records.add(record({ outputs: await inlineSmallOutputs(outputs, store) }));

    const named = journal.flatMap((operation, index) =>
      operation.kind === 'rename' || operation.kind === 'link' ? [{ ...operation, index }] : [],
    );
    // Three files, a tree object, and the record, which is last.
    expect(named.map(({ kind }) => kind)).toEqual(['rename', 'rename', 'rename', 'rename', 'link']);
    for (const { from, index } of named) {
      expect(journal.slice(0, index)).toContainEqual({ kind: 'sync', path: from });
    }
    const recorded = journal.findIndex(({ kind }) => kind === 'link');
    expect(lostByPowerCut(journal.slice(0, recorded))).toEqual([]);
    expect(lostByPowerCut(journal)).toEqual([]);
  });
});
