import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheProblem } from '../../../src/cache/cache-problem.ts';
import { inlineSmallOutputs, restoreInline } from '../../../src/cache/records/inline-outputs.ts';
import { record } from '../examples.ts';
import { objectStoreIn } from '../object-store-in.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

async function setUp() {
  const cache = await temporaryDirectory();
  const problems: CacheProblem[] = [];
  return {
    cache,
    problems,
    store: objectStoreIn(cache, (problem) => problems.push(problem)),
  };
}

describe('inlineSmallOutputs', () => {
  it('keeps text as text and other bytes as base64', async () => {
    const { store } = await setUp();
    const outputs = {
      text: await store.putBytes('loss 0.5 €\n'),
      marked: await store.putBytes('\ufeffwith a byte order mark'),
      bytes: await store.putBytes(Buffer.from([0xff, 0xfe, 0])),
    };
    const recorded = await inlineSmallOutputs(outputs, store);
    expect(recorded.text?.inline).toBe('utf-8:loss 0.5 €\n');
    expect(recorded.marked?.inline).toBe('utf-8:\ufeffwith a byte order mark');
    expect(recorded.bytes?.inline).toBe('base64://4A');
  });

  it('leaves out files over 64 KiB and directories', async () => {
    const { cache, store } = await setUp();
    const outputs = {
      fits: await store.putBytes(Buffer.alloc(65_536)),
      large: await store.putBytes(Buffer.alloc(65_537)),
      directory: await store.put(join(cache, 'objects'), 'directory'),
      small: await store.put(join(cache, 'tmp'), 'directory'),
    };
    const recorded = await inlineSmallOutputs(outputs, store);
    expect(Object.keys(recorded).filter((name) => recorded[name]?.inline !== undefined)).toEqual(['fits']);
  });
});

describe('an output that is lost', () => {
  it('has no bytes for the record', async () => {
    const { cache, store } = await setUp();
    const lost = await store.putBytes('lost');
    await rm(join(cache, 'objects'), { recursive: true });
    expect(await inlineSmallOutputs({ lost }, store)).toEqual({ lost });
  });

  it('and is not in its record stays lost', async () => {
    const { cache, store } = await setUp();
    const [lost, kept] = [await store.putBytes('lost'), await store.putBytes('kept')];
    const outputs = { lost, ...(await inlineSmallOutputs({ kept }, store)) };
    await rm(join(cache, 'objects'), { recursive: true });
    await restoreInline(record({ outputs }), store);
    expect(await store.contains(lost)).toBe(false);
    expect(await store.contains(kept)).toBe(true);
  });
});

describe('restoreInline', () => {
  it('remakes any small output from the record alone', async () => {
    const { cache, problems, store } = await setUp();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        const output = await store.putBytes(bytes);
        const made = record({ outputs: await inlineSmallOutputs({ output }, store) });
        await rm(join(cache, 'objects'), { recursive: true });
        expect(await store.contains(output)).toBe(false);
        await restoreInline(made, store);
        expect(await store.contains(output)).toBe(true);
        const located = await store.locate(output);
        expect(located?.artifact === 'file' && Buffer.compare(await readFile(located.path), bytes)).toBe(0);
        expect(problems).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('repairs a damaged object, which it puts aside', async () => {
    const { problems, store } = await setUp();
    const output = await store.putBytes('sound');
    const made = record({ outputs: await inlineSmallOutputs({ output }, store) });
    const located = await store.locate(output);
    if (located?.artifact !== 'file') throw new Error('not stored');
    await rm(located.path);
    await writeFile(located.path, 'wrong');
    await restoreInline(made, store);
    expect(await store.locate(output)).toBeDefined();
    expect(await readFile(located.path, 'utf8')).toBe('sound');
    expect(problems.map(({ code }) => code)).toEqual(['corrupt-object']);
  });
});
