import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openWeights } from '../../src/model/files/folder-weights.ts';
import { readConfig } from '../../src/model/files/model-folder.ts';
import { openAiWeights } from '../../src/model/files/openai/openai-weights.ts';
import type { TensorSource } from '../../src/model/files/safetensors.ts';

/* One model, written by TensorFlow (tensorflow_checkpoint.py) and by transformers (transformers_checkpoints.py). */

const golden = (name: string) => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
const finder = (directory: string) => (name: string) =>
  existsSync(join(directory, name)) ? join(directory, name) : undefined;

async function numbers(sources: readonly TensorSource[]): Promise<Record<string, number[]>> {
  const read: Record<string, number[]> = {};
  for (const { name, bytes } of sources) read[name] = [...((await bytes()) as Float32Array)];
  return read;
}

describe('the same model from TensorFlow and from transformers', () => {
  it.each(['one-file', 'shards', 'no-head', 'own-head', 'float16', 'bfloat16'])(
    'has the same numbers in every tensor: %s',
    async (variant) => {
      const folder = { file: finder(golden(`transformers-checkpoints/${variant}`)) };
      const config = await readConfig(folder);
      expect(config.tie_word_embeddings).toBe(variant !== 'own-head');
      const tensorFlow = await openAiWeights(finder(golden('tensorflow-checkpoint')), config);
      const { sources, close } = await openWeights(folder, config);
      expect(sources.map(({ name }) => name)).toEqual(tensorFlow.map(({ name }) => name));
      expect(await numbers(sources)).toEqual(await numbers(tensorFlow));
      await close();
    },
  );

  it('has the same numbers where TensorFlow wrote two data files', async () => {
    const config = await readConfig({ file: finder(golden('transformers-checkpoints/one-file')) });
    const [one, two] = ['tensorflow-checkpoint', 'tensorflow-checkpoint-sharded'].map((name) =>
      openAiWeights(finder(golden(name)), config),
    );
    expect(await numbers(await two!)).toEqual(await numbers(await one!));
  });
});
