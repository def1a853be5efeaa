import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../../src/model/files/safetensors.ts';
import { readTokens, type TokenizedTexts, writeTokens } from '../../../src/training/data/token-file.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-tokens-'));
  path = join(folder, 'tokens.safetensors');
});
afterAll(() => rmSync(folder, { recursive: true }));

const tokens: TokenizedTexts = {
  encoding: 'bytes',
  vocabularySize: 257,
  endOfText: 256,
  texts: [Int32Array.of(1, 2, 3), Int32Array.of(), Int32Array.of(256, 0)],
  promptLengths: [2, 0, 1],
};

/** A tokens file of one text with some parts replaced. */
async function writeRaw(parts: Partial<Record<string, number[]>>, metadata: Record<string, string> = {}) {
  const tensors = { token_ids: [1, 2], offsets: [0, 2], prompt_lengths: [1], ...parts };
  const sources = Object.entries(tensors).map(([name, values]) => ({
    name,
    dtype: 'I32' as const,
    shape: [values!.length],
    bytes: () => Int32Array.from(values!),
  }));
  const standard = { format: 'pipe tokens 1', encoding: 'bytes', vocabulary_size: '257', end_of_text: '256' };
  await writeSafetensors(path, sources, { ...standard, ...metadata });
}

describe('a tokens file', () => {
  it('gives back what was written', async () => {
    await writeTokens(path, tokens);
    expect(await readTokens(path)).toEqual(tokens);
  });

  it('is refused where it is something else', async () => {
    writeFileSync(path, 'hello, world, this is a text');
    await expect(readTokens(path)).rejects.toThrow(/tokens\.safetensors: not a safetensors file/);
    await writeRaw({}, { format: 'another' });
    await expect(readTokens(path)).rejects.toThrow(
      'tokens.safetensors is not a tokens file: its metadata is not that of one',
    );
    await writeTokens(path, tokens);
    truncateSync(path, 100);
    await expect(readTokens(path)).rejects.toThrow(/cut short/);
  });

  it('is refused where its parts contradict each other', async () => {
    await writeRaw({ offsets: [0, 3] });
    await expect(readTokens(path)).rejects.toThrow('its offsets do not fit its tokens');
    await writeRaw({ offsets: [0, 2, 1, 2], prompt_lengths: [1, 1, 1] });
    await expect(readTokens(path)).rejects.toThrow('its offsets do not fit its tokens');
    await writeRaw({ prompt_lengths: [1, 1] });
    await expect(readTokens(path)).rejects.toThrow('its offsets do not fit its tokens');
    await writeRaw({ token_ids: [1, 257] });
    await expect(readTokens(path)).rejects.toThrow('token 257 is outside the vocabulary of 257 (bytes)');
  });
});
