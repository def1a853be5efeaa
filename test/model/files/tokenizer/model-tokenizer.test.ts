import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../../../src/model/families/model-config.ts';
import { ModelFileError } from '../../../../src/model/files/model-file-error.ts';
import { writeTokenizerFiles } from '../../../../src/model/files/tokenizer/encoding-files.ts';
import {
  idsWithoutToken,
  readModelTokenizer,
} from '../../../../src/model/files/tokenizer/model-tokenizer.ts';
import { tokenizerFor } from '../../../../src/text/tokenizer/tokenizer.ts';

const GOLDEN = join(import.meta.dirname, '../../../golden/model-folders');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-tokenizer-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (name: string, content: string | object) =>
  writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
const golden = (path: string) => readFileSync(join(GOLDEN, path), 'utf8');
const configOf = (
  vocab_size: number,
  eos_token_id: number,
  more: Pick<ModelConfig, 'eos_token_ids'> = {},
): ModelConfig => ({
  model_type: 'gpt2',
  n_layer: 1,
  n_head: 1,
  n_embd: 4,
  n_positions: 8,
  vocab_size,
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
  eos_token_id,
  ...more,
});
const file = (name: string) => (existsSync(join(directory, name)) ? join(directory, name) : undefined);
const read = (config: ModelConfig) => readModelTokenizer({ file }, config);
const refusal = async (config: ModelConfig) => {
  const error = await read(config).catch((caught: unknown) => caught);
  if (error instanceof ModelFileError) return error.message;
  throw new Error('the folder was not refused');
};

describe("GPT-2's files", () => {
  it('are the encoding gpt2, whatever the number of rows', async () => {
    await writeTokenizerFiles(directory, 'gpt2', 1024);
    for (const size of [50257, 50304]) {
      const { tokenizer, base, inFolder } = await read(configOf(size, 50256));
      expect([tokenizer.encoding, base, inFolder]).toEqual(['gpt2', 'gpt2', true]);
      expect(idsWithoutToken(tokenizer, configOf(size, 50256))).toHaveLength(size - 50257);
    }
  });

  it('with an added token give every other text the ids that they give without it', async () => {
    await writeTokenizerFiles(directory, 'gpt2', 1024);
    write('added_tokens.json', { '[PAD]': 50257 });
    const { tokenizer, base } = await read(configOf(50258, 50256));
    expect([tokenizer.encoding, base]).toEqual(['model', 'gpt2']);
    expect([...tokenizer.encode('a[PAD]b')]).toEqual([64, 50257, 65]);
    expect(tokenizer.decode([64, 50257, 65])).toBe('a[PAD]b');
    const gpt2 = await tokenizerFor('gpt2');
    const texts = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !text.includes('[PAD]'));
    const words = fc.array(
      fc.constantFrom(' the', "don't", 'ing', 'Über', '  ', '\n', '123', '🙂', 'aaaa', '東京'),
    );
    const property = fc.property(
      fc.oneof(
        texts,
        words.map((parts) => parts.join('')),
      ),
      (text) => {
        expect([...tokenizer.encode(text)]).toEqual([...gpt2.encode(text)]);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('in another order are another tokenizer', async () => {
    await writeTokenizerFiles(directory, 'gpt2', 1024);
    const vocabulary = JSON.parse(readFileSync(join(directory, 'vocab.json'), 'utf8'));
    write('vocab.json', { ...vocabulary, Ġthe: vocabulary.Ġof, Ġof: vocabulary.Ġthe });
    const { tokenizer, base } = await read(configOf(50257, 50256));
    expect(base).toBeUndefined();
    const gpt2 = await tokenizerFor('gpt2');
    expect([...tokenizer.encode(' the of')]).toEqual([...gpt2.encode(' of the')]);
  });
});

describe('a folder without a vocabulary', () => {
  it('has the encoding of its end of text', async () => {
    expect((await read(configOf(257, 256))).tokenizer.encoding).toBe('bytes');
    expect((await read(configOf(50257, 50256))).tokenizer.encoding).toBe('gpt2');
    expect(await refusal(configOf(32000, 2))).toContain("No encoding has the model's end of text 2");
  });

  it('may add tokens right after those of an encoding, one of which ends a text', async () => {
    write('added_tokens.json', { '<|im_start|>': 257, '<|im_end|>': 258 });
    const { tokenizer } = await read(configOf(259, 258));
    expect([...tokenizer.encode('a<|im_end|>')]).toEqual([97, 258]);
    expect(tokenizer.endOfText).toBe(258);
  });

  it.each(['vocab.txt', 'spiece.model', 'tokenizer.model'])('but with %s is refused', async (name) => {
    write(name, 'anything');
    expect(await refusal(configOf(50257, 50256))).toBe(
      `the model folder has ${name}, the vocabulary of a tokenizer that is not supported`,
    );
  });
});

describe('a tokenizer that would give other ids than transformers', () => {
  const json = JSON.parse(golden('tokenizer-json/tokenizer.json'));
  const config = configOf(320, 0);
  it.each([
    ['a normalizer', { normalizer: { type: 'Precompiled' } }, 'its normalizer has "Precompiled"'],
    ['a normalizer in others', { normalizer: { type: 'Sequence', normalizers: [{ type: 'Nmt' }] } }, '"Nmt"'],
    ['other pieces', { pre_tokenizer: { type: 'Whitespace' } }, 'its pre_tokenizer has "Whitespace"'],
    ['pieces of characters, texts of bytes', { pre_tokenizer: null }, 'its decoder has "ByteLevel"'],
    [
      'an unknown pattern',
      { pre_tokenizer: { type: 'Split', pattern: { Regex: '(?<name>a)\\K' }, behavior: 'Isolated' } },
      'cannot be read: (?<n is not known',
    ],
    ['another decoder', { decoder: { type: 'WordPiece' } }, 'its decoder has "WordPiece"'],
    [
      'tokens around each text',
      { post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<s>' } }] } },
      'its post_processor',
    ],
    ['another model', { model: { ...json.model, type: 'Unigram' } }, 'its model is "Unigram"'],
    ['chance', { model: { ...json.model, dropout: 0.1 } }, 'its model has dropout 0.1'],
    [
      'tokens after each text',
      {
        post_processor: {
          type: 'TemplateProcessing',
          single: [{ Sequence: { id: 'A' } }, { SpecialToken: { id: '</s>' } }],
        },
      },
      'tokens after each text',
    ],
  ])('is refused in words: %s', async (_, change, message) => {
    write('tokenizer.json', { ...json, ...change });
    expect(await refusal(config)).toContain(`tokenizer.json: `);
    expect(await refusal(config)).toContain(message);
  });

  it.each([
    [{ tokenizer_class: 'BertTokenizer' }, 'tokenizer_class is "BertTokenizer"'],
    [{ auto_map: { AutoTokenizer: ['x.Y', null] } }, 'code of its own'],
    [{ add_bos_token: true }, 'add_bos_token is true, but there is no bos_token'],
    [{ add_bos_token: true, bos_token: '<none>' }, 'bos_token is "<none>"'],
    [{ add_eos_token: true }, 'add_eos_token is true'],
  ])('is refused for what tokenizer_config.json says: %j', async (settings, message) => {
    write('tokenizer.json', json);
    write('tokenizer_config.json', settings);
    expect(await refusal(config)).toContain(message);
  });

  it('says of what it refuses which are known', async () => {
    write('tokenizer.json', { ...json, normalizer: { type: 'Precompiled' } });
    await expect(read(config)).rejects.toMatchObject({
      hint: 'Of tokenizers, NFC, NFD, NFKC, NFKD, Prepend, Replace and a Sequence of these are read.',
    });
  });

  it('is refused where its end of text is no token, and where the model has too few rows', async () => {
    write('tokenizer.json', json);
    expect(await refusal(configOf(400, 399))).toContain('config.json ends texts with the token 399');
    expect(await refusal(configOf(300, 0))).toContain(
      'the tokenizer has a token 319, but the model has 300 tokens',
    );
  });

  it.each([
    [
      'merges.txt',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
      'merges.txt: a git-lfs pointer',
    ],
    ['merges.txt', '<!DOCTYPE html>', 'merges.txt: a web page'],
    ['vocab.json', 'version https://git-lfs.github.com/spec/v1\n', 'vocab.json: a git-lfs pointer, not JSON'],
    ['vocab.json', '{"▁the": 0}', 'vocab.json: token "▁the" has a character that stands for no byte'],
  ])('is refused where %s is %j', async (name, content, message) => {
    write('vocab.json', golden('portuguese/vocab.json'));
    write('merges.txt', golden('portuguese/merges.txt'));
    write(name, content);
    expect(await refusal(config)).toContain(message);
  });

  it('is read without the added tokens that the model has no row for', async () => {
    write('tokenizer.json', json);
    write('added_tokens.json', { '[PAD]': 320 });
    const { tokenizer, withoutRow } = await read(config);
    expect(withoutRow).toEqual(['[PAD]']);
    expect(Math.max(...tokenizer.encode('[PAD]'))).toBeLessThan(320);
  });
});
