import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { latestKey, latestKeys, rememberKey } from '../../../src/cache/records/latest.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const [first, second] = [digestOfBytes('first'), digestOfBytes('second')];

describe('latestKey', () => {
  it('is the key that was remembered last', async () => {
    const cache = await temporaryDirectory();
    const name = { pipeline: 'alpaca', stage: 'train' };
    expect(await latestKey(cache, name)).toBeUndefined();
    await rememberKey(cache, name, first);
    expect(await latestKey(cache, name)).toBe(first);
    await rememberKey(cache, name, second);
    expect(await latestKey(cache, name)).toBe(second);
    expect(await readdir(join(cache, 'tmp'))).toEqual([]);
  });

  it('is known for each stage of a pipeline', async () => {
    const cache = await temporaryDirectory();
    expect(await latestKeys(cache, 'alpaca')).toEqual([]);
    await rememberKey(cache, { pipeline: 'alpaca', stage: 'train' }, first);
    await rememberKey(cache, { pipeline: 'alpaca', stage: 'judge' }, second);
    await rememberKey(cache, { pipeline: 'another', stage: 'train' }, second);
    expect(await latestKeys(cache, 'alpaca')).toEqual([
      { stage: 'judge', key: second },
      { stage: 'train', key: first },
    ]);
  });

  it('tells apart names that a file system might not', async () => {
    const cache = await temporaryDirectory();
    const label = `rate=${'0.00001,'.repeat(60)}`;
    const stages = [
      'train',
      'Train',
      'train[rate=1e-5]',
      'a/b',
      'a%2Fb',
      '..',
      '.',
      '',
      `${label}1`,
      `${label}2`,
    ];
    for (const stage of stages) await rememberKey(cache, { pipeline: '..', stage }, digestOfBytes(stage));
    for (const stage of stages)
      expect(await latestKey(cache, { pipeline: '..', stage })).toBe(digestOfBytes(stage));
    const [pipeline] = await readdir(join(cache, 'latest'));
    const files = await readdir(join(cache, 'latest', pipeline!));
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(stages.length);
  });

  it('is undefined where its file is damaged', async () => {
    const cache = await temporaryDirectory();
    const name = { pipeline: 'p', stage: 's' };
    await rememberKey(cache, name, first);
    const texts = [
      '',
      '{"key"',
      '{"key":"../x"}',
      '{"stage":"s","key":"../x"}',
      `{"stage":1,"key":"${first}"}`,
      'null',
      '[]',
    ];
    for (const text of texts) {
      await writeFile(join(cache, 'latest/p/s.json'), text);
      expect(await latestKey(cache, name)).toBeUndefined();
    }
    await rememberKey(cache, { pipeline: 'p', stage: 'sound' }, second);
    expect(await latestKeys(cache, 'p')).toEqual([{ stage: 'sound', key: second }]);
  });

  it('is known from files that were written before there were checksums', async () => {
    const cache = await temporaryDirectory();
    const name = { pipeline: 'p', stage: 's' };
    await rememberKey(cache, name, second);
    await writeFile(join(cache, 'latest/p/s.json'), `${JSON.stringify({ ...name, key: first })}\n`);
    expect(await latestKey(cache, name)).toBe(first);
    expect(await latestKeys(cache, 'p')).toEqual([{ stage: 's', key: first }]);
  });

  it('is undefined wherever a bit of its file is flipped', async () => {
    const cache = await temporaryDirectory();
    const name = { pipeline: 'p', stage: 's' };
    await rememberKey(cache, name, first);
    const path = join(cache, 'latest/p/s.json');
    const sound = await readFile(path);
    for (let position = 0; position < sound.length; position++) {
      const bytes = Buffer.from(sound);
      bytes[position]! ^= 1 << (position % 8);
      await writeFile(path, bytes);
      expect(await latestKey(cache, name)).toBeUndefined();
    }
  });

  it('is not written again when it stays the same', async () => {
    const cache = await temporaryDirectory();
    const name = { pipeline: 'p', stage: 's' };
    await rememberKey(cache, name, first);
    const { ino } = await stat(join(cache, 'latest/p/s.json'));
    await rememberKey(cache, name, first);
    expect((await stat(join(cache, 'latest/p/s.json'))).ino).toBe(ino);
  });
});
