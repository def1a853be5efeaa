import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { FinishedItems } from '../../src/files/journal.ts';
import { mutated } from '../fuzz/mutations.ts';
import { freshDirectory, removeDirectories } from '../stages/run-stage.ts';

afterAll(removeDirectories);

interface Item {
  readonly index: number;
  readonly text: string;
}
const ITEMS: readonly Item[] = [
  { index: 0, text: '50' },
  { index: 1, text: 'a reply\nof two lines, "quoted"' },
  { index: 2, text: '\u2028 Ö \ud83d\ude00 \ud800 \ufffd' },
  { index: 3, text: '' },
];

const workOf = (...earlierWorkDirectories: string[]) => {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  return { workDirectory: freshDirectory(), earlierWorkDirectories, warn, warnings };
};

/** The bytes that an attempt leaves that had finished all items. */
async function leftBytes(of = 'model'): Promise<Buffer> {
  const work = workOf();
  const finished = await FinishedItems.open<Item>(work, of);
  await finished.add(ITEMS.slice(0, 1));
  await finished.add(ITEMS.slice(1));
  await finished.close();
  return readFileSync(join(work.workDirectory, 'finished.ndjson'));
}

/** What the next attempt takes over of such bytes, and what it warns of. */
async function takenOver(bytes: Uint8Array, of = 'model'): Promise<{ items: Item[]; warnings: string[] }> {
  const earlier = freshDirectory();
  writeFileSync(join(earlier, 'finished.ndjson'), bytes);
  const work = workOf(earlier);
  const finished = await FinishedItems.open<Item>(work, of);
  await finished.close();
  const again = await FinishedItems.open<Item>(workOf(work.workDirectory), of);
  await again.close();
  expect(again.items).toEqual(finished.items); // what was taken over is kept for the attempt after this one
  return { items: [...finished.items.values()], warnings: work.warnings };
}

const damaged = (lines: number) =>
  `Lines that do not fit their checksum were dropped from the work of an earlier attempt: ${lines}.`;

describe('finished items', () => {
  it('are taken over by the next attempt', async () => {
    expect(await takenOver(await leftBytes())).toEqual({ items: ITEMS, warnings: [] });
  });

  it('of another model are not', async () => {
    expect(await takenOver(await leftBytes(), 'another')).toEqual({ items: [], warnings: [] });
  });

  it.each([
    ['a line that a crash cut short', (bytes: Buffer) => bytes.subarray(0, -5)],
    [
      'zeros in the place of the last line',
      (bytes: Buffer) => bytes.subarray(0, -5).fill(0, bytes.length - 60),
    ],
  ])('without %s, which nothing is said about', async (_, damage) => {
    expect(await takenOver(damage(await leftBytes()))).toEqual({ items: ITEMS.slice(0, 3), warnings: [] });
  });

  it('without a line in which one bit is another, which is said once', async () => {
    const bytes = await leftBytes();
    bytes[bytes.indexOf('50')]! ^= 1; // 40
    bytes[bytes.indexOf('reply')]! ^= 1;
    expect(await takenOver(bytes)).toEqual({ items: ITEMS.slice(2), warnings: [damaged(2)] });
  });

  it('without checksums, as an older version wrote them, are made again', async () => {
    const lines = Buffer.from(ITEMS.map((item) => `${JSON.stringify(item)}\n`).join(''));
    expect(await takenOver(lines)).toEqual({ items: [], warnings: [damaged(4)] });
  });

  it('are none in a file of zeros, and where a folder has the name of the file', async () => {
    expect((await takenOver(Buffer.alloc(5000))).items).toEqual([]);
    const earlier = freshDirectory();
    mkdirSync(join(earlier, 'finished.ndjson'));
    const finished = await FinishedItems.open<Item>(workOf(earlier), 'model');
    await finished.close();
    expect(finished.items.size).toBe(0);
  });

  it('are the ones that were finished, whatever happened to the file', async () => {
    const bytes = await leftBytes();
    await fc.assert(
      fc.asyncProperty(mutated(bytes), async (left) => {
        for (const item of (await takenOver(left)).items) expect(item).toEqual(ITEMS[item.index]);
      }),
      { numRuns: 200 },
    );
  });
});
