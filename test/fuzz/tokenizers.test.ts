import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StageError } from '../../src/contract/stage-context.ts';
import { ModelFileError } from '../../src/model/files/model-file-error.ts';
import { readConfig } from '../../src/model/files/model-folder.ts';
import { readModelTokenizer } from '../../src/model/files/tokenizer/model-tokenizer.ts';
import { mutated, RUNS } from './mutations.ts';

/*
 * Damaged files of tokenizers: each is read, and then texts survive it, or it is refused in words that name a file. Bytes are
 * changed, and values of the JSON are replaced.
 */

const GOLDEN = join(import.meta.dirname, '../golden/model-folders');
const TIMEOUT = 60_000 + 50 * RUNS;
const TEXT = 'Não é <|im_start|> fácil 🙂 <|endoftext|>\n';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-fuzz-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Reads a folder of which one file is another one, and lets its tokenizer work. */
async function attempt(folder: string, name: string, content: Uint8Array): Promise<'read' | 'refused'> {
  const damaged = join(directory, name);
  writeFileSync(damaged, content);
  const file = (wanted: string) => {
    const path = wanted === name ? damaged : join(GOLDEN, folder, wanted);
    return existsSync(path) ? path : undefined;
  };
  try {
    const config = await readConfig({ file });
    const { tokenizer, vocabulary } = await readModelTokenizer({ file }, config);
    await vocabulary();
    const ids = tokenizer.encode(TEXT);
    expect(Math.max(...ids)).toBeLessThan(config.vocab_size);
    expect(tokenizer.decode(ids)).toContain('fácil');
    return 'read';
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    expect(error.message).not.toContain(directory);
    if (error instanceof ModelFileError) expect(error.message).toMatch(/\w\.(json|txt)\b|the tokenizer/);
    else expect(error.message).toContain("The model's tokenizer cannot write");
    return 'refused';
  }
}

const FILES = [
  ['chat', 'tokenizer.json'],
  ['chat', 'tokenizer_config.json'],
  ['added-tokens', 'added_tokens.json'],
  ['portuguese', 'vocab.json'],
  ['portuguese', 'merges.txt'],
  ['portuguese', 'config.json'],
] as const;

/** What may stand in the place of any value. */
const VALUES = [null, true, false, -1, 0, 1.5, 1e300, 2 ** 53, '', 'Ġ', '▁the', '__proto__', [], {}, [[]]];
const value = fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue({ maxDepth: 2 }));

/** A JSON value with one of its parts, at any depth, replaced or left out. */
function changed(whole: unknown, choose: (count: number) => number, by: unknown): unknown {
  if (typeof whole !== 'object' || whole === null) return by;
  const entries = Object.entries(whole);
  if (entries.length === 0 || choose(6) === 0) return by;
  const at = choose(entries.length);
  const [, part] = entries[at]!;
  const rest =
    choose(8) === 0
      ? entries.filter((_, i) => i !== at)
      : entries.map(([key, old], i) => [key, i === at ? changed(part, choose, by) : old] as const);
  return Array.isArray(whole) ? rest.map(([, kept]) => kept) : Object.fromEntries(rest);
}

/** A JSON value in all forms that have `by` in the place of one of its parts; of a list or a large object the first and the last part. */
function* eachChanged(whole: unknown, by: unknown): Generator<unknown> {
  yield by;
  if (typeof whole !== 'object' || whole === null) return;
  const keys = Object.keys(whole);
  const some = Array.isArray(whole) || keys.length > 50 ? new Set([keys[0], keys.at(-1)]) : keys;
  for (const key of some) {
    if (key === undefined) continue;
    for (const part of eachChanged(Object(whole)[key], by))
      yield Array.isArray(whole) ? whole.with(Number(key), part) : { ...whole, [key]: part };
  }
}

it.each(FILES.filter(([, name]) => name.endsWith('.json')))(
  '%s/%s with each of 15 values in the place of each of its parts is read or refused',
  { timeout: TIMEOUT },
  async (folder, name) => {
    const whole: unknown = JSON.parse(readFileSync(join(GOLDEN, folder, name), 'utf8'));
    const forms = VALUES.flatMap((by) => [...eachChanged(whole, by)]);
    for (const form of forms) await attempt(folder, name, Buffer.from(JSON.stringify(form)));
  },
);

describe(`of ${RUNS} damaged files of a tokenizer, none crashes`, () => {
  it.each(FILES)('%s/%s, its bytes changed', { timeout: TIMEOUT }, async (folder, name) => {
    const counts = { read: 0, refused: 0 };
    const property = fc.asyncProperty(mutated(readFileSync(join(GOLDEN, folder, name))), async (content) => {
      counts[await attempt(folder, name, content)]++;
    });
    await fc.assert(property, { numRuns: RUNS });
    expect(counts.refused).toBeGreaterThan(0);
  });

  it.each(FILES.filter(([, name]) => name.endsWith('.json')))(
    '%s/%s, its values replaced',
    { timeout: TIMEOUT },
    async (folder, name) => {
      const whole: unknown = JSON.parse(readFileSync(join(GOLDEN, folder, name), 'utf8'));
      const property = fc.asyncProperty(fc.gen(), value, async (gen, by) => {
        const choose = (count: number) => gen(fc.nat, count - 1);
        await attempt(folder, name, Buffer.from(JSON.stringify(changed(whole, choose, by))));
      });
      await fc.assert(property, { numRuns: RUNS });
    },
  );
});
