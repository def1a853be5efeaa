import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../../src/engine/load-engine.ts';
import type { ModelFolder } from '../../../../src/model/files/folder-weights.ts';
import { loadModel, readConfig } from '../../../../src/model/files/model-folder.ts';
import { readModelTokenizer } from '../../../../src/model/files/tokenizer/model-tokenizer.ts';
import { logits } from '../../logits.ts';

/* Small GPT-2 folders as they are found on the web, and what transformers makes of them: see model_folders.py. */

interface Expected {
  readonly texts: readonly string[];
  readonly models: Readonly<
    Record<
      string,
      {
        readonly ids: readonly number[][];
        readonly decoded: readonly string[];
        readonly prompt: readonly number[];
        readonly logits: readonly number[];
      }
    >
  >;
}

const GOLDEN = join(import.meta.dirname, '../../../golden');
const { texts, models }: Expected = JSON.parse(readFileSync(join(GOLDEN, 'model-folders.json'), 'utf8'));
const folderOf = (name: string): ModelFolder => ({
  file: (file) => {
    const path = join(GOLDEN, 'model-folders', name, file);
    return existsSync(path) ? path : undefined;
  },
});
const tokenizerOf = async (name: string) =>
  (await readModelTokenizer(folderOf(name), await readConfig(folderOf(name)))).tokenizer;

beforeAll(() => loadEngine('cpu'));

it('every folder has expected values', () => {
  expect(readdirSync(join(GOLDEN, 'model-folders')).sort()).toEqual(Object.keys(models).sort());
});

describe.each(Object.entries(models))('the folder %s', (name, { ids, decoded, prompt, logits: expected }) => {
  it('gives texts the ids of transformers, and ids its texts', async () => {
    const tokenizer = await tokenizerOf(name);
    for (const [i, text] of texts.entries()) {
      expect([...tokenizer.encode(text, { allowSpecial: true })], text).toEqual(ids[i]);
      expect(tokenizer.decode(ids[i]!), text).toBe(decoded[i]);
    }
  });

  it('takes <|endoftext|> in a text for ordinary characters unless that is allowed', async () => {
    const tokenizer = await tokenizerOf(name);
    const marked = tokenizer.encode('a<|endoftext|>b');
    expect(tokenizer.decode(marked)).toBe('a<|endoftext|>b');
    expect(marked.length).toBeGreaterThan(5);
  });

  it('gives a prompt the logits of transformers', async () => {
    const model = await loadModel(folderOf(name));
    const all = tf.tidy(() =>
      logits(model, tf.tensor2d([...prompt], [1, prompt.length], 'int32')).dataSync(),
    );
    const last = Array.from(all.slice(-model.config.vocab_size));
    const furthest = Math.max(...last.map((value, i) => Math.abs(value - expected[i]!)));
    expect(furthest).toBeLessThan(1e-4);
    model.dispose();
  });
});
