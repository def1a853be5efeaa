import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { saveAdapter } from '../../src/model/files/adapter-folder.ts';
import type { ModelFolder } from '../../src/model/files/folder-weights.ts';
import { loadModel, saveModel } from '../../src/model/files/model-folder.ts';
import { SafetensorsFile } from '../../src/model/files/safetensors.ts';
import { type LoraOptions, loraParameterCount } from '../../src/model/network/lora.ts';
import { minimize } from '../../src/training/loop.ts';
import { nextTokens } from '../../src/training/objective/next-tokens.ts';
import type { TrainingData, TrainingOptions } from '../../src/training/state/training-state.ts';
import { logits } from '../model/logits.ts';
import { TINY, tinyGpt2, tinyLora, tinyTokens } from '../model/tiny-gpt2.ts';
import { undisturbed } from './undisturbed.ts';

/* PEFT's training of the same adapter, and what it computes from the very files that we write: test/golden/lora.py. */

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
/** Where to put a model and its adapter for lora.py. */
const KEEP = process.env.PIPE_GOLDEN_ADAPTER;
const OPTIONS: LoraOptions = { rank: 4, alpha: 8, dropout: 0, targets: ['c_attn', 'c_fc', 'c_proj'] };
const NO_FOLDER: ModelFolder = { file: () => undefined };

interface Golden {
  readonly losses: readonly number[];
  readonly trained_parameters: number;
  readonly files: Readonly<Record<string, string>>;
}

let golden: Golden;
let tensors: SafetensorsFile;
const directory = mkdtempSync(join(tmpdir(), 'pipe-lora-'));
beforeAll(async () => {
  await loadEngine('cpu');
  if (KEEP) return;
  golden = JSON.parse(readFileSync(join(GOLDEN, 'lora.json'), 'utf8')) as Golden;
  tensors = await SafetensorsFile.open(join(GOLDEN, 'lora.safetensors'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await tensors?.close();
});

function furthest(actual: Float32Array, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
}

describe.skipIf(KEEP)('training an adapter', () => {
  it('trains as many numbers as PEFT', () => {
    expect(loraParameterCount({ ...TINY, tie_word_embeddings: true }, OPTIONS)).toBe(
      golden.trained_parameters,
    );
  });

  it.each(['cpu', 'wasm', 'onnxruntime'] as const)(
    'has the losses of PEFT for 10 updates, and ends with its adapter: %s',
    async (engine) => {
      await loadEngine(engine);
      const adapter = tinyLora(OPTIONS, 'zero');
      const model = tinyGpt2(true, adapter);
      const before = await model.parameters.get('transformer.h.0.attn.c_attn.weight')!.data();
      const losses: number[] = [];
      const texts = Array.from({ length: 22 }, (_, i) =>
        Int32Array.from(tinyTokens(`train${i}`, 3 + ((i * 7) % 17))),
      );
      const data: TrainingData = {
        train: texts,
        validation: texts,
        endOfText: 60,
        samplePrompt: Int32Array.of(1),
      };
      const options: TrainingOptions = {
        optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' },
        learningRate: { schedule: 'constant', peak: 0.01, warmup: 0, initial: 0, minimum: 0 },
        maxGradNorm: null,
        epochs: 2,
        batchSize: 4,
        rowsAtOnce: 4,
        dropout: 0,
        seed: 1,
        shuffle: 'none',
        maxLength: 1024,
        evalEvery: 1000,
        evalBatches: 1,
        keep: 'last',
        earlyStopping: null,
        sampleTokens: 0,
      };
      await minimize(
        model,
        nextTokens(model, data, options),
        data,
        options,
        undisturbed(directory, { onUpdate: ({ loss }) => losses.push(loss) }),
      );
      expect(losses).toHaveLength(10);
      expect(furthest(Float32Array.from(losses), Float32Array.from(golden.losses))).toBeLessThan(1e-4);
      for (const [name, variable] of adapter.parameters) {
        const expected = await tensors.readFloats(`trained/${name}`);
        expect(furthest(await variable.data<'float32'>(), expected), name).toBeLessThan(1e-5);
      }
      expect(await model.parameters.get('transformer.h.0.attn.c_attn.weight')!.data()).toEqual(before);
      model.dispose();
    },
  );
});

describe('an adapter that we write', () => {
  it('computes in PEFT what it computes here, beside the model and merged into it', async () => {
    await loadEngine('cpu');
    const folder = KEEP ?? directory;
    const plain = tinyGpt2(true);
    const adapter = tinyLora(OPTIONS, 'numbers');
    const model = tinyGpt2(true, adapter);
    await saveModel(join(folder, 'model'), plain, NO_FOLDER);
    await saveAdapter(join(folder, 'adapter'), adapter, model.family);
    if (KEEP) return;

    const digests = Object.keys(golden.files).map((file) => [file, sha256(join(folder, 'adapter', file))]);
    expect(Object.fromEntries(digests), 'other files than PEFT read: run lora.py again').toEqual(
      golden.files,
    );
    await saveModel(join(folder, 'merged'), model, NO_FOLDER);
    const file = (name: string) => {
      const path = join(folder, 'merged', name);
      return existsSync(path) ? path : undefined;
    };
    const merged = await loadModel({ file });
    const ids = tf.tensor2d(tinyTokens('ids', 30), [3, 10], 'int32');
    const scores = (of: typeof model) => tf.tidy(() => logits(of, ids).dataSync<'float32'>());
    expect(furthest(scores(model), await tensors.readFloats('logits'))).toBeLessThan(1e-5);
    expect(furthest(scores(merged), await tensors.readFloats('logits'))).toBeLessThan(1e-5);
    expect(furthest(scores(merged), await tensors.readFloats('merged_logits'))).toBeLessThan(1e-5);
    expect(furthest(scores(plain), await tensors.readFloats('logits'))).toBeGreaterThan(0.1);
    tf.dispose(ids);
    for (const one of [plain, model, merged]) one.dispose();
  });
});

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
