import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tiktoken } from 'js-tiktoken/lite';
import ranks from 'js-tiktoken/ranks/gpt2';
import { describe, expect, it } from 'vitest';
import { gpt2Pieces } from '../../../src/text/tokenizer/gpt2-pieces.ts';
import { tokenizerFor } from '../../../src/text/tokenizer/tokenizer.ts';
import { bookData } from '../../book-data.ts';

interface Golden {
  readonly pools: readonly (readonly string[])[];
  readonly random: {
    readonly batch: number;
    readonly parts: number;
    readonly ordinary: readonly string[];
    readonly special: readonly string[];
  };
  readonly decoded: string;
  readonly not_punctuation: string;
  readonly records: string;
  readonly cases: readonly {
    readonly text: string;
    readonly ordinary: number[];
    readonly special: number[];
  }[];
}

/** Ids that tiktoken gives: see tokenizer.py. */
const golden: Golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/tokenizer.json'), 'utf8'),
);

/** `Draws` of tokenizer.py. */
class Draws {
  #counter: number;
  constructor(seed: number) {
    this.#counter = seed;
  }
  below(limit: number): number {
    this.#counter += 1;
    let x = this.#counter;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return ((x ^ (x >>> 16)) >>> 0) % limit;
  }
}

/** `random_text` of tokenizer.py. */
function randomText(draws: Draws): string {
  const count = draws.below(golden.random.parts);
  const parts = Array.from({ length: count }, () => {
    const pool = golden.pools[draws.below(golden.pools.length)]!;
    return pool.length > 0 ? pool[draws.below(pool.length)] : String.fromCodePoint(draws.below(0x110000));
  });
  return parts.join('');
}

function digest(lists: Iterable<Int32Array>): string {
  const hash = createHash('sha256');
  for (const ids of lists) hash.update(Int32Array.of(ids.length)).update(ids);
  return hash.digest('hex');
}

describe('the gpt2 encoding', async () => {
  const tokenizer = await tokenizerFor('gpt2');

  it.each(golden.cases)('has the ids of tiktoken for $text', ({ text, ordinary, special }) => {
    expect([...tokenizer.encode(text)]).toEqual(ordinary);
    expect([...tokenizer.encode(text, { allowSpecial: true })]).toEqual(special);
  });

  it.each([
    { kind: 'ordinary', allowSpecial: false },
    { kind: 'special', allowSpecial: true },
  ] as const)(
    'has the ids of tiktoken for 10,000 random texts, marks of an end $kind',
    ({ kind, allowSpecial }) => {
      const draws = new Draws(0);
      const batches = golden.random[kind].map(() =>
        digest(
          Array.from({ length: golden.random.batch }, () =>
            tokenizer.encode(randomText(draws), { allowSpecial }),
          ),
        ),
      );
      expect(batches).toEqual(golden.random[kind]);
      expect(batches.length * golden.random.batch).toBe(10_000);
    },
  );

  it('has the texts of tiktoken for 1,000 random lists of ids, broken UTF-8 included', () => {
    const draws = new Draws(2 ** 30);
    const hash = createHash('sha256');
    for (let i = 0; i < golden.random.batch; i++) {
      const length = draws.below(12);
      const ids = Array.from({ length }, () => draws.below(50257));
      hash.update(`${tokenizer.decode(ids)}\0`);
    }
    expect(hash.digest('hex')).toBe(golden.decoded);
  });

  it.skipIf(bookData === undefined)('has the ids of tiktoken for prompt and text of 1,100 records', () => {
    const records: Record<'instruction' | 'input' | 'output', string>[] = JSON.parse(
      readFileSync(join(bookData ?? '', 'instruction-data.json'), 'utf8'),
    );
    const texts = records.flatMap(({ instruction, input, output }) => {
      const prompt = `Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n${instruction}${input && `\n\n### Input:\n${input}`}`;
      return [prompt, `${prompt}\n\n### Response:\n${output}`];
    });
    expect(digest(texts.map((text) => tokenizer.encode(text)))).toBe(golden.records);
  });

  it('holds the same characters to be letters, digits and white space as tiktoken, whatever Unicode Node knows', () => {
    const points: number[] = [];
    for (let point = 0; point < 0x110000; point++) {
      const surrogate = point >= 0xd800 && point < 0xe000;
      if (!surrogate && gpt2Pieces(`${String.fromCodePoint(point)}'s`).at(-1) === "'s") points.push(point);
    }
    expect(digest([Int32Array.from(points)])).toBe(golden.not_punctuation);
  });

  it.each(["\uFEFF's", "\u0085's"])(
    'differs from js-tiktoken, whose white space is that of JavaScript, for %j',
    (text) => {
      expect(new Tiktoken(ranks).encode(text)).not.toEqual([...tokenizer.encode(text)]);
    },
  );
});
