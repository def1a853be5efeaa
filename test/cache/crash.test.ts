import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ActionRecord, parseRecord } from '../../src/cache/records/action-record.ts';
import { ActionRecords } from '../../src/cache/records/action-records.ts';
import { digestOfFile, isDigest } from '../../src/files/digest.ts';
import { childProgram } from './child-program.ts';
import { objectStoreIn } from './object-store-in.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const storeAndRecord = childProgram('store-and-record');
const raceForRecord = childProgram('race-for-record');

const KILLS = 60;

/** Marsaglia's xorshift: the same kills in every run of the test. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Asserts that all that can be seen in a cache is whole; returns its records. */
async function expectWhole(cache: string): Promise<ActionRecord[]> {
  const files = await readdir(cache, { recursive: true, withFileTypes: true });
  const visible = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  for (const path of visible.filter((path) => path.startsWith(join(cache, 'objects')))) {
    expect((await digestOfFile(path)).digest).toBe(
      path.slice(join(cache, 'objects/').length).replace('/', ''),
    );
  }
  const store = objectStoreIn(cache, (problem) => expect.fail(problem.message));
  const records: ActionRecord[] = [];
  for (const path of visible.filter((path) => path.startsWith(join(cache, 'actions')))) {
    const record = parseRecord(await readFile(path, 'utf8'));
    for (const output of Object.values(record.outputs)) {
      expect(await store.contains(output)).toBe(true);
      expect(await store.locate(output)).toBeDefined();
    }
    records.push(record);
  }
  return records;
}

describe('a process killed with SIGKILL', () => {
  it('leaves only whole objects and records at every single operation on files', async () => {
    const root = await temporaryDirectory();
    const whole = await storeAndRecord(join(root, 'whole'), join(root, 'work'), '1', '0', 'before');
    const operations = Number(await whole.nextLine());
    expect(operations).toBeGreaterThan(50);
    expect(await expectWhole(join(root, 'whole'))).toHaveLength(1);

    for (let killAt = 1; killAt <= operations; killAt++) {
      const cache = join(root, String(killAt));
      const child = await storeAndRecord(cache, join(root, 'work'), '1', String(killAt), 'before');
      expect(await child.ended).toBe('SIGKILL');
      await expectWhole(cache).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'ENOENT') throw error; // killed before the cache was there
      });
    }
  }, 120_000);

  it(`leaves a sound cache to the others and the next, ${KILLS} times over`, async () => {
    const root = await temporaryDirectory();
    const cache = join(root, 'cache');
    const below = random(20_251_122);
    for (let kills = 0; kills < KILLS; kills += 2) {
      const children = await Promise.all(
        [0, 1].map(() => storeAndRecord(cache, join(root, 'work'), '6', String(1 + below(200)), 'during')),
      );
      for (const child of children) expect(await child.ended).toBe('SIGKILL');
      await expectWhole(cache);
    }
    const last = await storeAndRecord(cache, join(root, 'work'), '6', '0', 'before');
    expect(await last.ended).toBe(0);
    expect(await expectWhole(cache)).toHaveLength(6);
  }, 120_000);
});

describe('two processes that finish the same action', () => {
  it('agree on one winner, every time', async () => {
    const cache = await temporaryDirectory();
    const rivals = [await raceForRecord(cache), await raceForRecord(cache)] as const;
    const wins = [0, 0];
    for (let round = 0; round < 50; round++) {
      for (const { process } of rivals) process.stdin!.write(`${round}\n`);
      const answers = await Promise.all(
        rivals.map(async (rival) => ((await rival.nextLine()) ?? '').split(' ')),
      );
      const [[key, one, winner], [, other, same]] = answers as [string[], string[]];
      expect([one, other].toSorted()).toEqual(['lost', 'won']);
      expect(same).toBe(winner);
      if (!isDigest(key)) throw new Error(`not a key: ${key}`);
      const found = await new ActionRecords(cache, (problem) => expect.fail(problem.message)).find(key);
      expect(found.map((record) => record.outputs.own?.digest)).toEqual([winner]);
      wins[one === 'won' ? 0 : 1]!++;
    }
    expect(wins[0]! + wins[1]!).toBe(50);
  });
});
