import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/load-engine.ts';
import { minimize, type Update } from '../../src/training/loop.ts';
import { nextTokens } from '../../src/training/objective/next-tokens.ts';
import { clippingFactor } from '../../src/training/optimizer/clipping.ts';
import type { TrainingData, TrainingOptions } from '../../src/training/state/training-state.ts';
import { tinyGpt2, tinyTokens } from '../model/tiny-gpt2.ts';
import { undisturbed } from './undisturbed.ts';

interface Golden {
  readonly steps: readonly {
    readonly loss: number;
    readonly learning_rate: number;
    readonly norm: number;
    readonly clipped_norm: number;
  }[];
  /** The first four elements of each parameter after the last step. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}
const golden: Golden = JSON.parse(
  readFileSync(new URL('../golden/training-schedule.json', import.meta.url), 'utf8'),
);

/** The training of test/golden/training_schedule.py. */
const data: TrainingData = {
  train: Array.from({ length: 20 }, (_, i) => Int32Array.from(tinyTokens(`train${i}`, 3 + ((i * 7) % 17)))),
  validation: [Int32Array.from(tinyTokens('validation0', 3))],
  endOfText: 60,
  samplePrompt: Int32Array.of(1, 2, 3),
};
const options: TrainingOptions = {
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.5, decayOn: 'matrices' },
  learningRate: { schedule: 'cosine', peak: 0.01, warmup: 0.2, initial: 0.001, minimum: 0.0002 },
  maxGradNorm: 1,
  epochs: 4,
  batchSize: 4,
  rowsAtOnce: 4,
  dropout: 0,
  seed: 123,
  shuffle: 'none',
  maxLength: 1024,
  evalEvery: 10,
  evalBatches: 1,
  keep: 'last',
  earlyStopping: null,
  sampleTokens: 0,
};

describe.each(['cpu', 'wasm', 'onnxruntime'] as const)('20 updates on %s', (engine) => {
  it('with warm-up, cosine decay, clipping and decay of matrices only are those of PyTorch', async () => {
    await loadEngine(engine);
    const folder = mkdtempSync(join(tmpdir(), 'pipe-schedule-'));
    const model = tinyGpt2(false);
    const updates: Update[] = [];
    const { history } = await minimize(
      model,
      nextTokens(model, data, options),
      data,
      options,
      undisturbed(folder, { onUpdate: (update) => updates.push(update) }),
    );
    rmSync(folder, { recursive: true });

    expect(updates).toHaveLength(golden.steps.length);
    for (const [i, expected] of golden.steps.entries()) {
      const { loss, learningRate, gradNorm } = updates[i]!;
      expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-4);
      expect(learningRate).toBe(expected.learning_rate);
      expect(gradNorm).toBeCloseTo(expected.norm, 4);
    }
    for (const [name, expected] of Object.entries(golden.parameters)) {
      const found = model.parameters.get(name)!.dataSync();
      for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
    }
    expect(
      history.map(({ updates: made, learningRate, gradNorm }) => [made, learningRate, gradNorm]),
    ).toEqual([
      [0, null, null],
      ...[1, 11].map((made) => [made, updates[made - 1]!.learningRate, updates[made - 1]!.gradNorm]),
    ]);
    model.dispose();
  });
});

describe('clippingFactor', () => {
  it.each(golden.steps)('brings the norm $norm to what clip_grad_norm_ makes of it', (step) => {
    expect(step.norm * clippingFactor(step.norm, 1)).toBeCloseTo(step.clipped_norm, 6);
  });

  it('leaves gradients alone that are short enough, or zero', () => {
    expect(clippingFactor(0.5, 1)).toBe(1);
    expect(clippingFactor(0, 1)).toBe(1);
  });
});
