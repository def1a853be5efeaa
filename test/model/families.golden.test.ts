import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../src/batch/collate.ts';
import { countTargets, EXACT, packBatch } from '../../src/batch/packed-batch.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { familyOf } from '../../src/model/families/families.ts';
import { angularSpeeds } from '../../src/model/families/llama/rope.ts';
import type { FamilyName, ModelConfig } from '../../src/model/families/model-config.ts';
import { SafetensorsFile } from '../../src/model/files/safetensors.ts';
import { Decoder } from '../../src/model/generation/decoder.ts';
import { addGradients } from '../../src/model/network/batch-gradients.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import type { LoraOptions } from '../../src/model/network/lora.ts';
import type { Gradients } from '../../src/model/network/training-pass.ts';
import { AdamW } from '../../src/training/optimizer/adamw.ts';
import { webgpuHere } from '../engine/webgpu-here.ts';
import { logits } from './logits.ts';
import { formulaLora, formulaModel, tinyTokens } from './tiny-gpt2.ts';

/* The expected values come from PyTorch, transformers and PEFT: test/golden/families.py. */

const MODELS = ['llama', 'llama3', 'qwen2', 'qwen3', 'qwen3-yarn', 'gemma3'] as const;
const ENGINES = ['cpu', 'wasm', 'onnxruntime', ...webgpuHere] as const;
const TOLERANCE = 1e-4;
const [B, T, PROMPT] = [3, 10, 4];
const LORA: LoraOptions = {
  rank: 4,
  alpha: 8,
  dropout: 0,
  targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
};

interface Golden {
  readonly loss: number;
  readonly greedy: readonly number[];
  readonly losses: readonly number[];
  readonly lora_losses: readonly number[];
  readonly speeds: readonly number[] | null;
  readonly config: Readonly<Record<string, unknown>> & { readonly model_type: FamilyName };
}

describe.each(ENGINES.flatMap((engine) => MODELS.map((name) => ({ engine, name }))))(
  '$name on $engine agrees with transformers',
  ({ engine, name }) => {
    let golden: Golden;
    let tensors: SafetensorsFile;
    let config: ModelConfig;
    let batch: Batch;

    beforeAll(async () => {
      await loadEngine(engine);
      golden = JSON.parse(readFileSync(goldenFile(`${name}.json`), 'utf8')) as Golden;
      tensors = await SafetensorsFile.open(goldenFile(`${name}.safetensors`));
      config = familyOf(golden.config).configFile.read(golden.config, 'config.json');
      const targets = tinyTokens('targets', B * T);
      for (const ignored of [7, 8, 9, 20, 21]) targets[ignored] = -100;
      const inputs = Int32Array.from(tinyTokens('ids', B * T));
      batch = { inputs, targets: Int32Array.from(targets), rows: B, length: T };
    });
    afterAll(() => tensors.close());

    it('in the logits', async () => {
      const model = formulaModel(config);
      const ids = tf.tensor2d(batch.inputs, [B, T], 'int32');
      const scores = logits(model, ids);
      expect(furthest(await scores.data(), await tensors.readFloats('logits'))).toBeLessThan(TOLERANCE);
      tf.dispose([scores, ids]);
      model.dispose();
    });

    it('in the loss and the gradient of every parameter, leaving no tensors behind', async () => {
      const model = formulaModel(config);
      const before = [tf.memory().numTensors, tf.backend().numDataIds()];
      const gradients: Gradients = new Map();
      const loss = await lossOf(model, batch, gradients);
      expect(Math.abs(loss - golden.loss)).toBeLessThan(TOLERANCE);
      const expected = [...tensors.tensors.keys()].filter((one) => one.startsWith('gradient/'));
      expect([...gradients.keys()].map((one) => `gradient/${one}`).sort()).toEqual(expected.sort());
      for (const [parameter, gradient] of gradients) {
        const theirs = await tensors.readFloats(`gradient/${parameter}`);
        const largest = Math.max(...Array.from(theirs, Math.abs));
        expect(furthest(await gradient.data(), theirs) / largest, parameter).toBeLessThan(TOLERANCE);
      }
      tf.dispose([...gradients.values()]);
      expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
      model.dispose();
    });

    it('in the losses of 20 updates', async () => {
      const model = formulaModel(config);
      expect(furthest(await updates(model, batch, golden.losses.length), golden.losses)).toBeLessThan(1e-3);
      model.dispose();
    });

    it('in 20 updates of an adapter, and in its matrices after them', async () => {
      const adapter = formulaLora(config, LORA, 'zero');
      const model = formulaModel(config, adapter);
      const losses = await updates(model, batch, golden.lora_losses.length);
      expect(furthest(losses, golden.lora_losses)).toBeLessThan(1e-3);
      const names = [...tensors.tensors.keys()].filter((one) => one.startsWith('adapter/'));
      expect([...adapter.parameters.keys()].map((one) => `adapter/${one}`).sort()).toEqual(names.sort());
      for (const [parameter, variable] of adapter.parameters) {
        const theirs = await tensors.readFloats(`adapter/${parameter}`);
        expect(furthest(await variable.data(), theirs), parameter).toBeLessThan(2e-2);
      }
      model.dispose();
    });

    it('in 20 greedy tokens, alone and beside another text with the same beginning', async () => {
      const model = formulaModel(config);
      model.turn();
      const prompt = tinyTokens('prompt', PROMPT);
      expect(await greedy(model, [prompt], golden.greedy.length)).toEqual([golden.greedy]);
      const [long, longer] = [golden.greedy.slice(0, 12), golden.greedy.slice(0, 15)];
      const continued = await greedy(
        model,
        [long, longer].map((read) => [...prompt, ...read]),
        5,
      );
      expect(continued).toEqual([golden.greedy.slice(12, 17), golden.greedy.slice(15, 20)]);
      model.dispose();
    });

    it('in how far positions turn, where their scale is not the default', () => {
      if (golden.speeds === null || config.model_type === 'gpt2') return;
      const { rope, head_dim } = config;
      const speeds = angularSpeeds(rope.full_attention!, head_dim);
      for (const [i, speed] of golden.speeds.entries()) expect(speeds[i]! / speed).toBeCloseTo(1, 6);
    });
  },
);

function goldenFile(name: string): string {
  return fileURLToPath(new URL(`../golden/families/${name}`, import.meta.url));
}

/** The mean loss of a batch; adds its gradients. */
async function lossOf(model: CausalModel, batch: Batch, gradients: Gradients): Promise<number> {
  const loss = await addGradients(
    model,
    packBatch(batch, EXACT),
    1 / countTargets(batch),
    gradients,
    async () => {},
  );
  const [value] = await loss.data();
  loss.dispose();
  return value!;
}

/** The losses of some updates with the same batch. */
async function updates(model: CausalModel, batch: Batch, count: number): Promise<number[]> {
  const optimizer = new AdamW(model.trained, {
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weightDecay: 0.1,
    decayOn: 'all',
  });
  const losses: number[] = [];
  for (let t = 1; t <= count; t++) {
    const gradients: Gradients = new Map();
    losses.push(await lossOf(model, batch, gradients));
    optimizer.update(gradients, t, 0.01);
    tf.dispose([...gradients.values()]);
  }
  optimizer.dispose();
  return losses;
}

/** The most likely continuation of each prompt. */
async function greedy(
  model: CausalModel,
  prompts: readonly (readonly number[])[],
  count: number,
): Promise<number[][]> {
  const replies: number[][] = prompts.map(() => []);
  const { decoder, scores: first } = await Decoder.start(model, prompts, async () => {});
  let scores = first;
  for (let i = 0; ; i++) {
    const best = tf.tidy(() => tf.argMax(scores, 1));
    const tokens = [...(await best.data())];
    tf.dispose([scores, best]);
    for (const [row, token] of tokens.entries()) replies[row]!.push(token);
    if (i + 1 === count) break;
    scores = await decoder.step(tokens);
  }
  decoder.dispose();
  return replies;
}

/** The largest difference between two equally long lists; NaN where any number is NaN. */
function furthest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!)));
}
