import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GgufMetadata } from '../../../../src/model/files/gguf/gguf-metadata.ts';
import { ggufTokenizer } from '../../../../src/model/files/gguf/gguf-tokenizer.ts';
import { ggufVocabulary } from '../../../../src/model/files/gguf/gguf-vocabulary.ts';
import { modelTokenizer, readModelTokenizer } from '../../../../src/model/files/tokenizer/model-tokenizer.ts';
import { writeOwnTokenizer } from '../../../../src/model/files/tokenizer/own-tokenizer-files.ts';
import { readTokenizerJson } from '../../../../src/model/files/tokenizer/tokenizer-json.ts';
import { tokenizerSettings } from '../../../../src/model/files/tokenizer/tokenizer-settings.ts';
import { configOfSize } from '../../config-of-size.ts';

/*
 * Small tokenizers of the shapes that models have, and what the library `tokenizers` makes of texts: see tokenizer_shapes.py.
 * PIPE_TOKENIZER_SHAPES names another folder that the script wrote, with thousands of texts.
 */

interface Golden {
  readonly texts: readonly string[];
  readonly shapes: Readonly<
    Record<string, { readonly ids: readonly number[][]; readonly decoded: readonly string[] }>
  >;
}

const FOLDER =
  process.env.PIPE_TOKENIZER_SHAPES ?? join(import.meta.dirname, '../../../golden/tokenizer-shapes');
const { texts, shapes }: Golden = JSON.parse(readFileSync(join(FOLDER, 'golden.json'), 'utf8'));

async function vocabularyOf(shape: string) {
  const nothing = tokenizerSettings('tokenizer_config.json', {});
  return await readTokenizerJson(join(FOLDER, shape, 'tokenizer.json'), () => [], nothing);
}

async function tokenizerOf(shape: string) {
  return (await modelTokenizer(await vocabularyOf(shape), configOfSize(2000, 0), true)).tokenizer;
}

/** llama.cpp has no such pieces, or its scores cannot say the order of pairs that `tokenizers` has learnt. */
const REFUSED_BY_LLAMA_CPP = new Set(
  'prefix-space digits gpt4o removed inverted llama2 metaspace metaspace-split gemma'.split(' '),
);

it('every shape has expected values', () => {
  const there = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'tokenizer.json')));
  expect(there.sort()).toEqual(Object.keys(shapes).sort());
});

describe.each(Object.entries(shapes))('a tokenizer of the shape %s', (shape, { ids, decoded }) => {
  it('gives texts the ids of the library', async () => {
    const tokenizer = await tokenizerOf(shape);
    for (const [i, text] of texts.entries()) {
      const own = [...tokenizer.beginning, ...tokenizer.encode(text, { allowSpecial: true })];
      expect(own, JSON.stringify(text)).toEqual(ids[i]);
    }
  });

  it('is the same when it is written anew, and in a GGUF file, or is refused for one', async () => {
    const whole = await vocabularyOf(shape);
    const config = configOfSize(2000, 0);
    const first = await tokenizerOf(shape);
    const directory = mkdtempSync(join(tmpdir(), 'pipe-tokenizer-'));
    try {
      await writeOwnTokenizer(directory, whole, config, undefined);
      const file = (name: string) => (existsSync(join(directory, name)) ? join(directory, name) : undefined);
      const again = (await readModelTokenizer({ file }, config)).tokenizer;
      for (const text of texts) expect(again.encode(text)).toEqual(first.encode(text));
      expect(again.beginning).toEqual(first.beginning);
    } finally {
      rmSync(directory, { recursive: true });
    }
    const { vocabulary } = await modelTokenizer(whole, config, true);
    const entries = vocabulary().then((written) => ggufTokenizer(config, written));
    if (REFUSED_BY_LLAMA_CPP.has(shape))
      return await expect(entries).rejects.toThrow(/^the tokenizer of the model (cuts|changes|joins)/);
    const metadata = new GgufMetadata('model.gguf', new Map(await entries));
    const { parts } = ggufVocabulary(metadata).vocabulary;
    expect(parts?.pre_tokenizer).toEqual(whole.parts?.pre_tokenizer);
  });

  it('gives ids the texts of the library', async () => {
    const tokenizer = await tokenizerOf(shape);
    for (const [i, text] of decoded.entries()) expect(tokenizer.decode(ids[i]!)).toBe(text);
  });

  it('gives a text with an unpaired surrogate the ids of one with U+FFFD', async () => {
    const tokenizer = await tokenizerOf(shape);
    const broken = fc
      .string({ unit: 'binary' })
      .chain((text) => fc.constantFrom(`${text}\uD800`, `\uDC00${text}a`));
    fc.assert(
      fc.property(broken, (text) => {
        expect([...tokenizer.encode(text)]).toEqual([...tokenizer.encode(text.toWellFormed())]);
      }),
    );
  });
});
