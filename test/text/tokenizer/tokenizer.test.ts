import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenizerFor } from '../../../src/text/tokenizer/tokenizer.ts';

describe('the gpt2 encoding', async () => {
  const tokenizer = await tokenizerFor('gpt2');

  it('has the vocabulary of GPT-2', () => {
    expect(tokenizer).toMatchObject({ encoding: 'gpt2', vocabularySize: 50257, endOfText: 50256 });
  });

  it('gives the ids that OpenAI gives', () => {
    // tiktoken.get_encoding("gpt2").encode("Hello, do you like tea? In the sunlit terraces")
    expect([...tokenizer.encode('Hello, do you like tea? In the sunlit terraces')]).toEqual([
      15496, 11, 466, 345, 588, 8887, 30, 554, 262, 4252, 18250, 8812, 2114,
    ]);
  });

  it('reads the end-of-text mark as one token only where that is allowed', () => {
    expect([...tokenizer.encode('a<|endoftext|>b', { allowSpecial: true })]).toEqual([64, 50256, 65]);
    const ordinary = tokenizer.encode('a<|endoftext|>b');
    expect(ordinary).not.toContain(50256);
    expect(tokenizer.decode(ordinary)).toBe('a<|endoftext|>b');
  });

  it('refuses an id that it does not have', () => {
    expect(() => tokenizer.decode([50257])).toThrow('token 50257 is outside the vocabulary of 50257');
  });
});

describe('the bytes encoding', async () => {
  const tokenizer = await tokenizerFor('bytes');

  it('has one token a byte and one for the end of text', () => {
    expect(tokenizer).toMatchObject({ encoding: 'bytes', vocabularySize: 257, endOfText: 256 });
    expect([...tokenizer.encode('aé')]).toEqual([0x61, 0xc3, 0xa9]);
  });

  it('reads the end-of-text mark as one token only where that is allowed', () => {
    expect([...tokenizer.encode('a<|endoftext|>b', { allowSpecial: true })]).toEqual([97, 256, 98]);
    expect([...tokenizer.encode('<|endoftext|>')]).toEqual([...Buffer.from('<|endoftext|>')]);
    expect(tokenizer.decode([97, 256, 98])).toBe('a<|endoftext|>b');
  });

  it('gives back every text, byte order marks included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
    expect(tokenizer.decode(tokenizer.encode('\uFEFFa'))).toBe('\uFEFFa');
  });

  it('shows broken UTF-8 as U+FFFD and refuses an id that is no byte', () => {
    expect(tokenizer.decode([0x61, 0xc3])).toBe('a\uFFFD');
    expect(() => tokenizer.decode([300])).toThrow('token 300 is outside the vocabulary of 257');
  });
});
