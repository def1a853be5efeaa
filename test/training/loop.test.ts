import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StageError } from '../../src/contract/stage-context.ts';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import { minimize, type TrainingSurroundings } from '../../src/training/loop.ts';
import { nextTokens } from '../../src/training/objective/next-tokens.ts';
import { Checkpoints } from '../../src/training/state/checkpoint.ts';
import type {
  TrainingData,
  TrainingOptions,
  TrainingState,
} from '../../src/training/state/training-state.ts';
import { tinyGpt2, tinyTokens } from '../model/tiny-gpt2.ts';
import { undisturbed } from './undisturbed.ts';

/** Texts of 3 to 19 tokens, as in test/golden/training.py. */
const texts = (name: string, count: number): Int32Array[] =>
  Array.from({ length: count }, (_, i) => Int32Array.from(tinyTokens(`${name}${i}`, 3 + ((i * 7) % 17))));

const data: TrainingData = {
  train: texts('train', 22),
  validation: texts('validation', 6),
  endOfText: 60,
  samplePrompt: Int32Array.of(1, 2, 3),
};
const options: TrainingOptions = {
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' },
  learningRate: { schedule: 'constant', peak: 0.002, warmup: 0, initial: 0, minimum: 0 },
  maxGradNorm: null,
  epochs: 3,
  batchSize: 4,
  rowsAtOnce: 4,
  dropout: 0,
  seed: 123,
  shuffle: 'pytorch',
  maxLength: 1024,
  evalEvery: 5,
  evalBatches: 2,
  keep: 'last',
  earlyStopping: null,
  sampleTokens: 6,
};
const UPDATES = 3 * 5;

const folders: string[] = [];
function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-training-'));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

interface Result {
  readonly state: TrainingState;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Trains the tiny model in folders of checkpoints, the first of which is written to. */
async function trainTiny(
  [folder, ...earlier]: string[] = [],
  surroundings: Partial<TrainingSurroundings> = {},
  changed: Partial<TrainingOptions> = {},
): Promise<Result> {
  const model = tinyGpt2(false);
  try {
    const given = { ...options, ...changed };
    const state = await minimize(
      model,
      nextTokens(model, data, given),
      data,
      given,
      undisturbed(folder ?? freshFolder(), surroundings, earlier),
    );
    return { state, weights: weightsOf(model) };
  } finally {
    model.dispose();
  }
}

function weightsOf(model: CausalModel): Map<string, Float32Array> {
  return new Map(Array.from(model.parameters, ([name, variable]) => [name, variable.dataSync<'float32'>()]));
}

/** Surroundings that abort the training when `event` has happened `count` times. */
function abortAfter(
  event: 'onUpdate' | 'onEvaluation' | 'onSample',
  count: number,
): Partial<TrainingSurroundings> {
  const controller = new AbortController();
  let left = count;
  const countDown = () => {
    left -= 1;
    if (left === 0) controller.abort(new Error('cancelled'));
  };
  return { signal: controller.signal, [event]: countDown };
}

describe.each(['cpu', 'wasm', 'onnxruntime'] as const)('training on %s', (engine) => {
  let undisturbed: Result;
  beforeAll(async () => {
    await loadEngine(engine);
    undisturbed = await trainTiny();
  });

  it('has the losses, gradient norms and tokens of the same training in PyTorch', () => {
    const golden: Record<string, number | null>[] = JSON.parse(
      readFileSync(new URL('../golden/training-loop.json', import.meta.url), 'utf8'),
    );
    expect(undisturbed.state.history).toEqual(
      golden.map((row) => ({
        updates: row.step! + 1,
        epoch: (row.step! + 1) / 5,
        tokensSeen: row.tokens_seen,
        trainLoss: expect.closeTo(row.train_loss!, 4),
        validationLoss: expect.closeTo(row.validation_loss!, 4),
        learningRate: row.step === -1 ? null : 0.002,
        gradNorm: row.grad_norm === null ? null : expect.closeTo(row.grad_norm!, 4),
      })),
    );
  });

  it('tells of each update and takes a sample before the first and after each epoch', async () => {
    const done: number[] = [];
    const { state } = await trainTiny([], { onUpdate: (update) => done.push(update.done) });
    expect(done).toEqual(Array.from({ length: UPDATES }, (_, i) => i + 1));
    expect(state.samples.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
    expect(state.samples[0]!.tokens).not.toEqual(state.samples[3]!.tokens);
  });

  it.each([
    { event: 'onUpdate', count: 1, left: 14 },
    { event: 'onUpdate', count: 5, left: 10 }, // the sample that ends the epoch is taken first
    { event: 'onUpdate', count: 6, left: 9 }, // before the evaluation after it
    { event: 'onEvaluation', count: 2, left: 14 },
    { event: 'onSample', count: 2, left: 10 },
  ] as const)(
    'cancelled by $event number $count, goes on to the same bytes',
    async ({ event, count, left }) => {
      const folder = freshFolder();
      await expect(trainTiny([folder], abortAfter(event, count))).rejects.toThrow('cancelled');
      const updates: number[] = [];
      const resumedAfter: number[] = [];
      const resumed = await trainTiny([freshFolder(), folder], {
        onResume: (done) => resumedAfter.push(done),
        onUpdate: ({ done }) => updates.push(done),
      });
      expect(resumed).toEqual(undisturbed);
      expect(updates).toHaveLength(left);
      expect(resumedAfter).toEqual([updates[0]! - 1]);
    },
  );

  it('cancelled in the middle of an update, goes on from the one before to the same bytes', async () => {
    const folder = freshFolder();
    const controller = new AbortController();
    const shares: number[] = [];
    const onPart = (done: number, share: number) => {
      if (done === 3) shares.push(share);
      if (done === 3 && share > 0.5) controller.abort(new Error('cancelled'));
    };
    const cancelled = trainTiny([folder], { signal: controller.signal, onPart });
    await expect(cancelled).rejects.toThrow('cancelled');
    expect(shares.filter((share) => share > 0.5)).toHaveLength(1);
    expect(await trainTiny([freshFolder(), folder])).toEqual(undisturbed);
  });

  it.each([1, 3])(
    'computes updates of 4 texts %d at a time, and it is the same training but for rounding',
    async (rowsAtOnce) => {
      const { state } = await trainTiny([], {}, { rowsAtOnce });
      expect(state.history).toEqual(
        undisturbed.state.history.map((row) => ({
          ...row,
          trainLoss: expect.closeTo(row.trainLoss, 4),
          validationLoss: expect.closeTo(row.validationLoss, 4),
          gradNorm: row.gradNorm === null ? null : expect.closeTo(row.gradNorm, 4),
        })),
      );
    },
  );

  it('goes on from a checkpoint of any update, interrupted again and again', async () => {
    const folders: string[] = [];
    for (let attempt = 0; attempt < UPDATES - 1; attempt++) {
      folders.unshift(freshFolder());
      // The error leaves no time for a checkpoint, as when a process is killed: that of the update before counts.
      let updates = 0;
      const onUpdate = () => {
        updates += 1;
        if (updates === 2) throw new Error('killed');
      };
      await expect(trainTiny(folders, { checkpointInterval: 0, onUpdate })).rejects.toThrow('killed');
    }
    expect(await trainTiny([freshFolder(), ...folders])).toEqual(undisturbed);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await trainTiny([], { checkpointInterval: 0 });
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** Gives a checkpoint the state that it had in format 1, which numbered updates from 0 and began with step -1. */
function asInFormat1(checkpoint: string): void {
  const path = (name: string) => join(checkpoint, name);
  const {
    updates,
    learningRate: _,
    history,
    ...rest
  } = JSON.parse(readFileSync(path('state.json'), 'utf8')).state;
  const rows = history.map((row: { updates: number }) => ({
    ...row,
    updates: undefined,
    step: row.updates - 1,
  }));
  const state = { ...rest, step: updates - 1, history: rows };
  writeFileSync(path('state.json'), JSON.stringify({ format: 1, state }));
  const sums = ['tensors.safetensors', 'state.json'].map((name) => {
    const digest = createHash('sha256')
      .update(readFileSync(path(name)))
      .digest('hex');
    return `${digest}  ${name}\n`;
  });
  writeFileSync(path('SHA256SUMS'), sums.join(''));
}

describe('training', () => {
  beforeAll(async () => {
    await loadEngine('cpu');
  });

  it('changes nothing in no epochs, but measures', async () => {
    const { state, weights } = await trainTiny([], {}, { epochs: 0 });
    const untouched = tinyGpt2(false);
    expect(weights).toEqual(weightsOf(untouched));
    untouched.dispose();
    expect(state.history.map(({ updates }) => updates)).toEqual([0]);
    expect(state.samples).toHaveLength(1);
  });

  it('begins anew, with a warning, where the newest checkpoint has the format of an earlier version', async () => {
    const folder = freshFolder();
    const short = { epochs: 1 };
    await expect(trainTiny([folder], abortAfter('onUpdate', 3), short)).rejects.toThrow('cancelled');
    asInFormat1(join(folder, 'step-0000000003'));
    const warnings: string[] = [];
    const updates: number[] = [];
    const surroundings = {
      checkpoints: new Checkpoints<TrainingState>(freshFolder(), [folder], (message) =>
        warnings.push(message),
      ),
      onUpdate: ({ done }: { done: number }) => updates.push(done),
    };
    const begunAnew = await trainTiny([], surroundings, short);
    expect(warnings).toEqual([expect.stringMatching(/step-0000000003 is skipped: its format is 1, not 2$/)]);
    expect(updates[0]).toBe(1);
    expect(begunAnew).toEqual(await trainTiny([], {}, short));
  });

  it('gives other weights for another seed', async () => {
    const wte = async (seed: number) =>
      (await trainTiny([], {}, { seed, epochs: 1 })).weights.get('transformer.wte.weight');
    expect(await wte(1)).not.toEqual(await wte(2));
  });

  it('stops where the loss is no longer a number, and says what to do', async () => {
    const learningRate = { ...options.learningRate, peak: 1e30 };
    const failure = await trainTiny([], {}, { learningRate }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StageError);
    expect((failure as StageError).message).toBe(
      'The loss on train after update 1 is NaN: the training has diverged.',
    );
    expect((failure as StageError).hint).toContain('Lower `learning_rate`');
  });
});

describe('a training that overfits', () => {
  const overfitting: Partial<TrainingOptions> = {
    learningRate: { ...options.learningRate, peak: 0.004 },
    epochs: 12,
    evalEvery: 2,
    evalBatches: 5,
    keep: 'best',
    earlyStopping: { patience: 4, minDelta: 0 },
  };
  let undisturbed: Result;
  beforeAll(async () => {
    await loadEngine('cpu');
    undisturbed = await trainTiny([], {}, overfitting);
  });

  it('stops where its validation loss has not improved for four evaluations', () => {
    const { history, updates, epoch } = undisturbed.state;
    expect(history.map((row) => row.updates)).toEqual([0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
    expect({ updates, epoch }).toEqual({ updates: 23, epoch: 4 });
    const losses = history.map(({ validationLoss }) => validationLoss);
    expect(losses.slice(-5).toSorted()).toEqual(losses.slice(-5));
  });

  it('ends with the weights of its best evaluation, which is marked, and a sample of them', async () => {
    const { history, samples } = undisturbed.state;
    expect(history.filter(({ kept }) => kept).map(({ updates }) => updates)).toEqual([15]);
    expect(samples.map(({ epoch, kept }) => [epoch, kept])).toEqual([
      ...[0, 1, 2, 3, 4].map((epoch) => [epoch, undefined]),
      [3, true],
    ]);
    expect(samples.at(-1)!.tokens).toEqual(samples[3]!.tokens);

    // Update 15 is the last of the third epoch.
    const threeEpochs = { ...overfitting, epochs: 3, keep: 'last', earlyStopping: null } as const;
    expect((await trainTiny([], {}, threeEpochs)).weights).toEqual(undisturbed.weights);
  });

  it('has the best weights once on the disk, shared by the checkpoint', async () => {
    const folder = freshFolder();
    await trainTiny([folder], { checkpointInterval: 0 }, overfitting);
    const best = 'best-0000000015.safetensors';
    const checkpoint = 'step-0000000023';
    expect(readdirSync(folder).sort()).toEqual([best, checkpoint]);
    expect(readdirSync(join(folder, checkpoint))).toContain(best);
    expect(statSync(join(folder, checkpoint, best)).ino).toBe(statSync(join(folder, best)).ino);
  });

  it.each(['in one folder', 'each time in a folder of its own'])(
    'killed after each update and gone on %s, ends with the same bytes',
    async (where) => {
      const shared = freshFolder();
      const folders: string[] = [];
      for (let attempt = 0; attempt < 22; attempt++) {
        folders.unshift(where === 'in one folder' ? shared : freshFolder());
        // What was evaluated since the last checkpoint is lost; its best weights are on the disk already.
        let updates = 0;
        const onUpdate = () => {
          updates += 1;
          if (updates === 2) throw new Error('killed');
        };
        const killed = trainTiny(folders, { checkpointInterval: 0, onUpdate }, overfitting);
        await expect(killed).rejects.toThrow('killed');
      }
      expect(await trainTiny([freshFolder(), ...folders], {}, overfitting)).toEqual(undisturbed);
    },
    120_000, // 23 trainings
  );

  it.each([1, 2, 9, 12])('cancelled at evaluation %d, goes on to the same bytes', async (count) => {
    const folder = freshFolder();
    const cancelled = trainTiny([folder], abortAfter('onEvaluation', count), overfitting);
    await expect(cancelled).rejects.toThrow('cancelled');
    expect(await trainTiny([freshFolder(), folder], {}, overfitting)).toEqual(undisturbed);
  });
});
