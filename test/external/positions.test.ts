import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { LlamaConfig } from '../../src/model/families/llama/llama-config.ts';
import type { Rope } from '../../src/model/families/llama/rope.ts';
import { GGUF_FILE } from '../../src/model/files/gguf/modelfile.ts';
import { loadModel, writeModelFolder } from '../../src/model/files/model-folder.ts';
import { writeTokenizerFiles } from '../../src/model/files/tokenizer/encoding-files.ts';
import { randomWeights } from '../../src/model/network/random-weights.ts';
import { exportStage } from '../../src/stages/export/export.ts';
import { freshDirectory, removeDirectories, runStage } from '../stages/run-stage.ts';
import { askLlama } from './llama-cpp.ts';
import { farthest, scoresAfter } from './scores.ts';

/*
 * Small models with random weights, whose positions are scaled in every way that a GGUF file can say, here and in llama.cpp. That our scores
 * are those of transformers, test/model/families.golden.test.ts says.
 *
 *   NODE_LLAMA_CPP=<folder with node_modules/node-llama-cpp> npm run check:gguf
 */
const LLAMA = process.env.NODE_LLAMA_CPP;

/** Both compute in float32; Gemma's GELU is looked up in a table of float16 by llama.cpp. */
const LIMIT = { llama: 1e-4, qwen2: 1e-4, qwen3: 1e-4, gemma3_text: 0.03 };
/** So far from plain positions at least: else the test would show nothing. */
const EFFECT = 0.1;

const PLAIN: Rope = { rope_type: 'default', rope_theta: 500 };
const YARN: Rope = {
  rope_type: 'yarn',
  rope_theta: 10_000,
  factor: 4,
  original_max_position_embeddings: 16,
  beta_fast: 32,
  beta_slow: 1,
  attention_factor: 0.1 * Math.log(4) + 1,
};
const LLAMA3: Rope = {
  rope_type: 'llama3',
  rope_theta: 500,
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 16,
};
const SHAPE = {
  n_layer: 6,
  n_head: 4,
  n_embd: 32,
  n_positions: 128,
  vocab_size: 257,
  tie_word_embeddings: true,
  eos_token_id: 256,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 64,
  rms_norm_eps: 1e-6,
  query_pre_attn_scalar: 16,
};

function modelWith(
  model_type: LlamaConfig['model_type'],
  rope: Rope,
  windowed?: Rope,
  period = 6,
): LlamaConfig {
  const types = Array.from({ length: SHAPE.n_layer }, (_, layer) =>
    windowed === undefined || (layer + 1) % period === 0 ? 'full_attention' : 'sliding_attention',
  );
  return {
    ...SHAPE,
    model_type,
    layer_types: types,
    rope: { full_attention: rope, ...(windowed && { sliding_attention: windowed }) },
    ...(windowed && { sliding_window: 8 }),
  };
}

const CASES: readonly (readonly [name: string, config: LlamaConfig, plain: LlamaConfig])[] = [
  ['as in Llama 3', modelWith('llama', LLAMA3), modelWith('llama', PLAIN)],
  ['linearly', modelWith('llama', { ...PLAIN, rope_type: 'linear', factor: 4 }), modelWith('llama', PLAIN)],
  ['by YaRN', modelWith('qwen3', YARN), modelWith('qwen3', { ...PLAIN, rope_theta: 10_000 })],
  [
    'by YaRN, with attention of its own',
    modelWith('qwen3', { ...YARN, attention_factor: 1.5 }),
    modelWith('qwen3', YARN),
  ],
  [
    'linearly in the blocks of a Gemma that have no window, every third',
    modelWith(
      'gemma3_text',
      { ...PLAIN, rope_type: 'linear', factor: 8 },
      { ...PLAIN, rope_theta: 10_000 },
      3,
    ),
    modelWith('gemma3_text', PLAIN, { ...PLAIN, rope_theta: 10_000 }, 6),
  ],
  [
    'by another base in the blocks of a Gemma that have one',
    modelWith('gemma3_text', PLAIN, { ...PLAIN, rope_theta: 50 }),
    modelWith('gemma3_text', PLAIN, { ...PLAIN, rope_theta: 10_000 }),
  ],
];

const IDS = Array.from({ length: 100 }, (_, i) => (i * i * 7 + 11 * i) % 256);

/** A folder with ten times the usual random weights, with which positions count. */
async function written(config: LlamaConfig): Promise<string> {
  const folder = join(freshDirectory(), 'model');
  const louder = randomWeights(config, 3).map((source) => ({
    ...source,
    bytes: async () => {
      const values = (await source.bytes()) as Float32Array;
      return source.shape.length === 2 ? values.map((value) => 10 * value) : values;
    },
  }));
  await writeModelFolder(folder, config, louder);
  await writeTokenizerFiles(folder, 'bytes', config.n_positions);
  return folder;
}

async function ourScores(folder: string): Promise<Float64Array> {
  const path = (name: string) => join(folder, name);
  const model = await loadModel({ file: (name) => (existsSync(path(name)) ? path(name) : undefined) });
  const scores = await scoresAfter(model, IDS);
  model.dispose();
  return scores;
}

beforeAll(() => loadEngine('wasm'));
afterEach(() => removeDirectories());

describe.skipIf(!LLAMA)(
  'positions that are scaled (skipped without NODE_LLAMA_CPP)',
  { timeout: 120_000 },
  () => {
    it.each(CASES)('%s are the same in llama.cpp', async (_, config, plain) => {
      const folder = await written(config);
      const run = await runStage(exportStage, { with: { format: 'gguf' }, inputs: { model: folder } });
      const path = join(run.outputs.model!, GGUF_FILE);
      const { scores } = await askLlama(LLAMA!, { path, scored: [IDS] });
      const ours = await ourScores(folder);
      const effect = farthest(ours, await ourScores(await written(plain)));
      console.log(JSON.stringify({ difference: farthest(ours, scores[0]!), effect }));
      expect(farthest(ours, scores[0]!)).toBeLessThan(LIMIT[config.model_type]);
      expect(effect).toBeGreaterThan(EFFECT);
    });
  },
);
