import { join } from 'node:path';
import type { ModelConfig } from '../../src/model/families/model-config.ts';
import { writeModelFolder } from '../../src/model/files/model-folder.ts';
import { randomWeights } from '../../src/model/network/random-weights.ts';
import { tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { writeTokens } from '../../src/training/data/token-file.ts';

/** A byte-level GPT-2 of a few thousand parameters. */
export const TINY_BYTES: ModelConfig = {
  model_type: 'gpt2',
  n_layer: 1,
  n_head: 2,
  n_embd: 8,
  n_positions: 48,
  vocab_size: 257,
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
  eos_token_id: 256,
};

/** Writes a file of byte tokens; the prompt of a text is what comes before its `=`. */
export async function writeTexts(path: string, texts: readonly string[]): Promise<string> {
  const { encoding, vocabularySize, endOfText, encode } = await tokenizerFor('bytes');
  await writeTokens(path, {
    encoding,
    vocabularySize,
    endOfText,
    texts: texts.map((text) => encode(text)),
    promptLengths: texts.map((text) => encode(text).indexOf('='.charCodeAt(0))),
  });
  return path;
}

export interface TrainInputs extends Record<string, string> {
  readonly train: string;
  readonly validation: string;
  readonly model: string;
}

/** Inputs of a `train` stage in a folder: ten sums to train on, four to validate on, and random weights. */
export async function writeTrainInputs(
  folder: string,
  config: ModelConfig = TINY_BYTES,
): Promise<TrainInputs> {
  const sums = Array.from({ length: 14 }, (_, i) => `${i} + ${i} = ${2 * i}`);
  const model = join(folder, 'start');
  await writeModelFolder(model, config, randomWeights(config, 1));
  return {
    train: await writeTexts(join(folder, 'train.safetensors'), sums.slice(0, 10)),
    validation: await writeTexts(join(folder, 'validation.safetensors'), sums.slice(10)),
    model,
  };
}
