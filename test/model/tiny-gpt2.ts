import { crc32 } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import { familyOf } from '../../src/model/families/families.ts';
import type { ModelConfig } from '../../src/model/families/model-config.ts';
import { type Adapter, CausalModel } from '../../src/model/network/causal-model.ts';
import { initialLora, type LoraAdapter, type LoraOptions } from '../../src/model/network/lora.ts';

/** The shape of test/golden/model.py. */
export const TINY: Omit<ModelConfig, 'tie_word_embeddings'> = {
  model_type: 'gpt2',
  n_layer: 2,
  n_head: 2,
  n_embd: 16,
  n_positions: 24,
  vocab_size: 61,
  layer_norm_epsilon: 1e-5,
  eos_token_id: 60,
};

/** A tiny GPT-2 on the current engine with the weights of test/golden/model.py. */
export function tinyGpt2(tied: boolean, adapter?: Adapter): CausalModel {
  return formulaGpt2({ ...TINY, tie_word_embeddings: tied }, adapter);
}

/** A GPT-2 of any shape on the current engine with the weights of `numbers` in test/golden/model.py. */
export function formulaGpt2(config: ModelConfig, adapter?: Adapter): CausalModel {
  const parameters = [...familyOf(config).parameterShapes(config)].map(([name, shape]) => {
    const initial = tf.tensor(tinyWeights(name, shape), [...shape]);
    const variable = tf.variable(initial);
    initial.dispose();
    return [name, variable] as const;
  });
  return new CausalModel(config, new Map(parameters), adapter);
}

/** An adapter for it; the numbers of A are those of test/golden/model.py too, and those of B unless it shall be zero. */
export function tinyLora(options: LoraOptions, b: 'zero' | 'numbers'): LoraAdapter {
  const begun = initialLora({ ...TINY, tie_word_embeddings: true }, options, 1);
  for (const [name, variable] of begun.parameters) {
    if (b === 'zero' && name.endsWith('lora_B.weight')) continue;
    const numbers = tf.tensor(tinyWeights(name, variable.shape), variable.shape);
    variable.assign(numbers);
    numbers.dispose();
  }
  return begun;
}

/** `numbers` of test/golden/model.py. */
export function tinyWeights(name: string, shape: readonly number[]): Float32Array {
  const centre = name.includes('.ln_') && name.endsWith('.weight') ? 1 : 0;
  const size = shape.reduce((product, length) => product * length, 1);
  return Float32Array.from(hashes(name, size), (hash) => (hash / 2 ** 32 - 0.5) * 0.4 + centre);
}

/** `token_ids` of test/golden/model.py. */
export function tinyTokens(name: string, count: number): number[] {
  return [...hashes(name, count)].map((hash) => hash % TINY.vocab_size);
}

function hashes(name: string, count: number): Uint32Array {
  const salt = crc32(name);
  return Uint32Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i + 1, 2654435761) + salt) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
    return x ^ (x >>> 13);
  });
}
