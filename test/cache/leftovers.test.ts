import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeLeftovers } from '../../src/cache/leftovers.ts';
import { createAttempt } from '../../src/cache/work-directory.ts';
import { digestOfBytes } from '../../src/files/digest.ts';
import { thisProcess } from '../../src/files/process-identity.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const KEY = digestOfBytes('an action');
const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const LONG_AGO = new Date(Date.now() - 25 * 60 * 60 * 1000);

async function artifacts() {
  const root = await temporaryDirectory();
  const places = {
    cacheDirectory: join(root, 'cache'),
    locksDirectory: join(root, 'cache/locks'),
    workDirectory: join(root, 'work'),
  };
  /** Writes a file that, with its folder, was last written to a day ago. */
  const old = async (path: string, text = '') => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await age(path);
    await age(dirname(path));
  };
  const age = (path: string) => utimes(join(root, path), LONG_AGO, LONG_AGO);
  const left = async () =>
    (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return { root, places, old, left };
}

describe('leftovers of killed processes', () => {
  it('are removed when nobody has written to them for a day', async () => {
    const { places, old, left } = await artifacts();
    await old('cache/tmp/unfinished');
    await old(`cache/locks/${KEY}.${UUID}/claim`);
    await old(
      `work/${KEY}/.new-${UUID}/owner.json`,
      JSON.stringify({ ...(await thisProcess()), started: '0' }),
    );
    await old(`work/${KEY}/.new-cut/owner.json`, '{"ho');
    await removeLeftovers(places);
    expect(await left()).toEqual([]);
  });

  it('stay while they may be in use', async () => {
    const { root, places, old, left } = await artifacts();
    const kept = [`cache/locks/${KEY}/claim`, `work/${KEY}/.new-${UUID}/owner.json`, 'cache/objects/ab/cd'];
    for (const path of kept) await old(path, JSON.stringify(await thisProcess()));
    const fresh = [`cache/locks/${KEY}.${UUID}/claim`, 'cache/tmp/growing'];
    for (const path of fresh) await old(path);
    for (const path of fresh) await writeFile(join(root, path), 'just written to');
    await removeLeftovers(places);
    expect((await left()).sort()).toEqual([...kept, ...fresh].sort());
  });

  it('never are attempts, from which the next one goes on', async () => {
    const { root, places } = await artifacts();
    const { directory } = await createAttempt(places.workDirectory, KEY);
    await utimes(join(directory, 'owner.json'), LONG_AGO, LONG_AGO);
    await utimes(directory, LONG_AGO, LONG_AGO);
    await removeLeftovers(places);
    expect(await readdir(join(root, 'work', KEY))).toHaveLength(1);
  });

  it('are none where nothing has been written yet', async () => {
    const { places, left } = await artifacts();
    await removeLeftovers(places);
    expect(await left()).toEqual([]);
  });
});
