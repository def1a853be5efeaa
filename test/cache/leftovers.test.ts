import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { removeLeftovers } from '../../src/cache/leftovers.ts';
import { createAttempt } from '../../src/cache/work-directory.ts';
import { digestOfBytes } from '../../src/files/digest.ts';
import { thisProcess } from '../../src/files/process-identity.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const KEY = digestOfBytes('an action');
const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const HOUR_MS = 60 * 60 * 1000;
const LONG_AGO = new Date(Date.now() - 25 * HOUR_MS);

async function artifacts() {
  const root = await temporaryDirectory();
  const places = {
    cacheDirectory: join(root, 'cache'),
    locksDirectory: join(root, 'cache/locks'),
    workDirectory: join(root, 'work'),
  };
  /** Writes a file that, with all folders that it is in, was last written to a day ago, or when it is said. */
  const old = async (path: string, text = '', time = LONG_AGO) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    for (let part = path; part !== '.'; part = dirname(part)) await utimes(join(root, part), time, time);
  };
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
    await old('cache/tmp/of-today', '', new Date(Date.now() - 23 * HOUR_MS));
    await removeLeftovers(places);
    expect((await left()).sort()).toEqual([...kept, ...fresh, 'cache/tmp/of-today'].sort());
  });

  it('stay where only this program takes them for old: its clock is two days ahead', async () => {
    const { root, places, old, left } = await artifacts();
    await old('cache/tmp/growing');
    await writeFile(join(root, 'cache/tmp/growing'), 'just written to');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 48 * HOUR_MS });
    onTestFinished(() => void vi.useRealTimers());
    await removeLeftovers(places);
    expect(await left()).toEqual(['cache/tmp/growing']);
  });

  it('are known by their names: what is called otherwise stays', async () => {
    const { places, old, left } = await artifacts();
    const kept = [
      `cache/locks/${KEY}.${UUID}.bak/claim`,
      `cache/locks/of-${KEY}.${UUID}/claim`,
      `work/${KEY}/notes/new-`,
      'cache/latest/stage.json',
    ];
    for (const path of kept) await old(path);
    await removeLeftovers(places);
    expect((await left()).sort()).toEqual(kept.sort());
  });

  it('may hold links to nothing', async () => {
    const { root, places, old, left } = await artifacts();
    await old(`work/${KEY}/.new-cut/owner.json`);
    await symlink('nowhere', join(root, `work/${KEY}/.new-cut/link`));
    await utimes(join(root, `work/${KEY}/.new-cut`), LONG_AGO, LONG_AGO);
    await removeLeftovers(places);
    expect(await left()).toEqual([]);
  });

  it('never are attempts, from which the next one goes on', async () => {
    const { root, places } = await artifacts();
    const { directory } = await createAttempt(places.workDirectory, KEY);
    const dead = { ...(await thisProcess()), started: '0' };
    await writeFile(join(directory, 'owner.json'), JSON.stringify(dead));
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
