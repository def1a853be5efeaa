import { crc32 } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import { familyOf } from '../../src/model/families/families.ts';
import type { Gpt2Config } from '../../src/model/families/gpt2/gpt2-config.ts';
import type { ModelConfig } from '../../src/model/families/model-config.ts';
import { type Adapter, CausalModel } from '../../src/model/network/causal-model.ts';
import { initialLora, type LoraAdapter, type LoraOptions } from '../../src/model/network/lora.ts';

/** The shape of test/golden/model.py. */
export const TINY: Omit<Gpt2Config, 'tie_word_embeddings'> = {
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
  return formulaModel({ ...TINY, tie_word_embeddings: tied }, adapter);
}

/** A model of any shape on the current engine with the weights of `numbers` in test/golden/model.py. */
export function formulaModel(config: ModelConfig, adapter?: Adapter): CausalModel {
  const parameters = [...familyOf(config).parameterShapes(config)].map(([name, shape]) => {
    const gain = config.model_type === 'gemma3_text' ? 0 : 1;
    const initial = tf.tensor(tinyWeights(name, shape, gain), [...shape]);
    const variable = tf.variable(initial);
    initial.dispose();
    return [name, variable] as const;
  });
  return new CausalModel(config, new Map(parameters), adapter);
}

/** An adapter for it; the numbers of A are those of test/golden/model.py too, and those of B unless it shall be zero. */
export function tinyLora(options: LoraOptions, b: 'zero' | 'numbers'): LoraAdapter {
  return formulaLora({ ...TINY, tie_word_embeddings: true }, options, b);
}

/** The same for a model of any shape. */
export function formulaLora(config: ModelConfig, options: LoraOptions, b: 'zero' | 'numbers'): LoraAdapter {
  const begun = initialLora(config, options, 1);
  for (const [name, variable] of begun.parameters) {
    if (b === 'zero' && name.endsWith('lora_B.weight')) continue;
    const numbers = tf.tensor(tinyWeights(name, variable.shape), variable.shape);
    variable.assign(numbers);
    numbers.dispose();
  }
  return begun;
}

/** `numbers` of test/golden/model.py, around the gain of a norm. */
export function tinyWeights(name: string, shape: readonly number[], gain = 1): Float32Array {
  const centre = /(\.ln_\w|norm)\.weight$/.test(name) ? gain : 0;
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
