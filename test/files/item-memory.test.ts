import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ItemMemory } from '../../src/files/item-memory.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

let directory: string;
let computed: number;
let unkept: unknown[];

beforeEach(async () => {
  directory = join(await temporaryDirectory(), 'cache', 'items');
  computed = 0;
  unkept = [];
});

/** Asks as a process of its own would: what it knows is on the disk. */
const ask = (key: object, answer = 'an answer', memory = new ItemMemory(directory)) =>
  memory.answer(
    key as never,
    async () => {
      computed++;
      return answer;
    },
    (error) => unkept.push(error),
  );
const entries = () =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .map((path) => join(directory, path));

describe('the memory of items', () => {
  it('gives the answer that was kept for the same key, whatever the order of its parts', async () => {
    await ask({ model: 'a', question: 'b' });
    expect(await ask({ question: 'b', model: 'a' }, 'another')).toBe('an answer');
    expect(computed).toBe(1);
  });

  it('asks for every other key', async () => {
    for (const key of [{ model: 'a' }, { model: 'b' }, { model: 'a', repeat: 1 }]) await ask(key);
    expect(computed).toBe(3);
  });

  it('asks once where the same is asked twice at a time', async () => {
    const memory = new ItemMemory(directory);
    const answers = await Promise.all([ask({ k: 1 }, 'one', memory), ask({ k: 1 }, 'other', memory)]);
    expect(answers).toEqual(['one', 'one']);
    expect(computed).toBe(1);
  });

  it('gives two processes that ask at the same time the same answer', async () => {
    const answers = await Promise.all([ask({ k: 1 }, 'one'), ask({ k: 1 }, 'other')]);
    expect(computed).toBe(2);
    expect(answers[0]).toBe(answers[1]);
    expect(await ask({ k: 1 }, 'third')).toBe(answers[0]);
  });

  it('keeps no failure', async () => {
    const memory = new ItemMemory(directory);
    const failing = memory.answer(
      { k: 1 },
      () => Promise.reject(new Error('no connection')),
      () => {},
    );
    await expect(failing).rejects.toThrow('no connection');
    expect(await ask({ k: 1 }, 'later', memory)).toBe('later');
  });

  it('takes an entry with any changed byte, cut at any place, for none, and makes it anew', async () => {
    await ask({ k: 'a key' });
    const [path] = entries() as [string];
    const sound = readFileSync(path);
    const damaged = Array.from(sound, (_, at) => {
      const bytes = Buffer.from(sound);
      bytes[at]! ^= 1 << (at % 8);
      return bytes;
    });
    const cut = Array.from(sound, (_, length) => sound.subarray(0, length));
    for (const bytes of [...damaged, ...cut]) {
      writeFileSync(path, bytes);
      const before = computed;
      expect(await ask({ k: 'a key' })).toBe('an answer');
      expect(computed - before).toBe(1);
      expect(readFileSync(path)).toEqual(sound);
    }
  });

  it('takes an entry in the place of another one for none', async () => {
    await ask({ k: 1 }, 'one');
    const [one] = entries() as [string];
    await ask({ k: 2 }, 'two');
    const two = entries().find((path) => path !== one)!;
    writeFileSync(two, readFileSync(one));
    expect(await ask({ k: 2 }, 'two again')).toBe('two again');
  });

  it('waits for nothing that is in the place of an entry, and reads nothing that has no end', async () => {
    await ask({ k: 1 });
    const [path] = entries();
    for (const make of [
      () => execFileSync('mkfifo', [path!]),
      () => symlinkSync('/dev/zero', path!),
      () => symlinkSync('nowhere', path!),
      () => symlinkSync(path!, path!),
      () => mkdirSync(path!),
    ]) {
      rmSync(path!, { recursive: true });
      make();
      expect(await ask({ k: 1 })).toBe('an answer');
    }
    expect(computed).toBe(6);
    expect(unkept).toHaveLength(1); // only a folder stays where it is
  });

  it('gives the answer also where it cannot be kept, and says why', async () => {
    await ask({ k: 1 });
    const blocked = new ItemMemory(join(entries()[0]!, 'no folder'));
    expect(await ask({ k: 2 }, 'given', blocked)).toBe('given');
    expect(unkept).toHaveLength(1);
  });
});
