import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodingOf, writeTokenizerFiles } from '../../../../src/model/files/tokenizer/encoding-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pipe-tokenizer-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const text = (name: string) => readFileSync(join(directory, name), 'utf8');
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

describe('the tokenizer files', () => {
  it('of GPT-2 are those that OpenAI published: 50,000 merges in the order learnt, 50,257 tokens', async () => {
    await writeTokenizerFiles(directory, 'gpt2', 1024);
    const merges = text('merges.txt');
    expect(merges.split('\n').slice(0, 4)).toEqual(['#version: 0.2', 'Ġ t', 'Ġ a', 'h e']);
    expect(merges.trimEnd().split('\n')).toHaveLength(50_001);
    // sha256 of vocab.bpe at https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/, as tiktoken pins it.
    expect(sha256(merges)).toBe('1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5');
    const vocabulary = JSON.parse(text('vocab.json')) as Record<string, number>;
    expect(Object.values(vocabulary).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50_257 }, (_, id) => id),
    );
    expect(vocabulary).toMatchObject({ '!': 0, Ġ: 220, Ġthe: 262, '<|endoftext|>': 50256 });
  });

  it('of the byte encoding have one token a byte and no merges', async () => {
    await writeTokenizerFiles(directory, 'bytes', 256);
    const vocabulary = JSON.parse(text('vocab.json')) as Record<string, number>;
    expect(Object.keys(vocabulary)).toHaveLength(257);
    expect(vocabulary).toMatchObject({ A: 65, Ġ: 32, Ċ: 10, ÿ: 255, '<|endoftext|>': 256 });
    expect(text('merges.txt')).toBe('#version: 0.2\n');
    expect(JSON.parse(text('tokenizer_config.json'))).toMatchObject({
      tokenizer_class: 'GPT2Tokenizer',
      model_max_length: 256,
    });
  });

  it("are chosen by the model's end of text", () => {
    expect(encodingOf({ vocab_size: 50257, eos_token_id: 50256 })).toBe('gpt2');
    expect(encodingOf({ vocab_size: 50304, eos_token_id: 50256 })).toBe('gpt2');
    expect(encodingOf({ vocab_size: 257, eos_token_id: 256 })).toBe('bytes');
    expect(() => encodingOf({ vocab_size: 100, eos_token_id: 99 })).toThrow(
      "No encoding has the model's end of text 99 in 100 tokens: gpt2 ends with 50256, bytes with 256.",
    );
  });
});
