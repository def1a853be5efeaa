import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredArtifact } from '../../../src/cache/objects/object-store.ts';
import { recordedFiles, recordFiles } from '../../../src/cache/records/recorded-files.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

let cache: string;
beforeEach(async () => {
  cache = await temporaryDirectory();
});

const file = (text: string): StoredArtifact => ({
  artifact: 'file',
  digest: digestOfBytes(text),
  bytes: text.length,
});
const memo = () => join(cache, 'recorded-files', readdirSync(join(cache, 'recorded-files'))[0]!);

describe('what input files were', () => {
  it('is kept by pipeline and path, and the last word counts', async () => {
    await recordFiles(
      cache,
      'one',
      new Map([
        ['a', file('1')],
        ['../b', { ...file('2'), executable: true }],
      ]),
    );
    await recordFiles(cache, 'other', new Map([['a', file('3')]]));
    await recordFiles(cache, 'one', new Map([['a', file('4')]]));
    expect(recordedFiles(cache, 'one')).toEqual(
      new Map([
        ['../b', { ...file('2'), executable: true }],
        ['a', file('4')],
      ]),
    );
    expect(recordedFiles(cache, 'other')).toEqual(new Map([['a', file('3')]]));
    expect(recordedFiles(cache, 'third')).toEqual(new Map());
  });

  it('is not written again where nothing has changed', async () => {
    await recordFiles(cache, 'one', new Map([['a', file('1')]]));
    const { ino } = statSync(memo());
    await recordFiles(cache, 'one', new Map([['a', file('1')]]));
    expect(statSync(memo()).ino).toBe(ino);
    await recordFiles(cache, 'one', new Map([['a', { ...file('1'), executable: true as const }]]));
    expect(recordedFiles(cache, 'one').get('a')).toHaveProperty('executable', true);
  });

  it('is forgotten of the oldest where there are more than a thousand', async () => {
    const many = (from: number) =>
      new Map(Array.from({ length: 600 }, (_, index) => [`f${from + index}`, file('x')] as const));
    await recordFiles(cache, 'one', many(0));
    await recordFiles(cache, 'one', many(600));
    const known = recordedFiles(cache, 'one');
    expect([known.size, known.has('f199'), known.has('f200'), known.has('f1199')]).toEqual([
      1000,
      false,
      true,
      true,
    ]);
  });

  it('is not known where its file is damaged', async () => {
    await recordFiles(cache, 'one', new Map([['a', file('1')]]));
    writeFileSync(memo(), '{"a":{}}');
    expect(recordedFiles(cache, 'one')).toEqual(new Map());
  });
});
