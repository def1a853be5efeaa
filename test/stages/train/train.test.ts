import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StageError } from '../../../src/contract/stage-context.ts';
import { writeModelFolder } from '../../../src/model/files/model-folder.ts';
import { SafetensorsFile } from '../../../src/model/files/safetensors.ts';
import { randomWeights } from '../../../src/model/network/random-weights.ts';
import { train } from '../../../src/stages/train/train.ts';
import { parseHistory } from '../../../src/training/state/history.ts';
import {
  freshDirectory,
  removeDirectories,
  resolvedSettings,
  runStage,
  type StageRunEvent,
  world,
} from '../run-stage.ts';
import { TINY_BYTES, type TrainInputs, writeTexts, writeTrainInputs } from '../train-inputs.ts';

afterEach(removeDirectories);

const SETTINGS = { learning_rate: 0.01, batch_size: 4, sample_tokens: 5 };
const inputs = () => writeTrainInputs(freshDirectory());
const read = (path: string | undefined) => readFileSync(path!, 'utf8');

async function weights(model: string): Promise<Float32Array> {
  const file = await SafetensorsFile.open(join(model, 'model.safetensors'));
  try {
    return await file.readFloats('transformer.wte.weight');
  } finally {
    await file.close();
  }
}

describe('train', () => {
  it('has the defaults of the book', () => {
    expect(resolvedSettings(train)).toEqual({
      learning_rate: 5e-5,
      schedule: 'constant',
      warmup: 0,
      initial_learning_rate: 0,
      minimum_learning_rate: 0,
      max_grad_norm: 0,
      epochs: 2,
      batch_size: 8,
      gradient_accumulation: 1,
      seed: 123,
      shuffle: 'pytorch',
      dropout: 0,
      weight_decay: 0.1,
      weight_decay_on: 'all',
      betas: [0.9, 0.999],
      epsilon: 1e-8,
      max_length: 1024,
      mask_instruction: false,
      eval_every: 5,
      eval_batches: 5,
      keep: 'last',
      sample_tokens: 50,
      gradient_checkpointing: false,
      checkpoint_every: 5,
    });
  });

  it('writes the trained model, the history, the learning curve and the samples', async () => {
    const given = await inputs();
    const { outputs, events } = await runStage(train, {
      with: { ...SETTINGS, epochs: 3 },
      inputs: given,
      engine: 'cpu',
    });

    expect(existsSync(join(outputs.model!, 'config.json'))).toBe(true);
    expect(await weights(outputs.model!)).not.toEqual(await weights(given.model));

    const history = parseHistory(read(outputs.history));
    expect(history.map(({ updates, epoch }) => [updates, epoch])).toEqual([
      [0, 0],
      [1, 0.5],
      [6, 3],
    ]);
    expect(history.at(-1)!.trainLoss).toBeLessThan(history[0]!.trainLoss);
    expect(read(outputs.loss_curve)).toMatch(/^<svg /);

    const samples = JSON.parse(read(outputs.samples));
    expect(samples.map(({ epoch }: { epoch: number }) => epoch)).toEqual([0, 1, 2, 3]);
    expect(samples[0]).toEqual({ epoch: 0, prompt: '10 + 10 ', text: expect.any(String) });

    expect(events).toContainEqual({
      type: 'progress',
      done: 6,
      total: 6,
      unit: 'steps',
      metrics: { train_loss: expect.any(Number), tokens_per_second: expect.any(Number) },
    });
    expect(events).toContainEqual({
      type: 'log',
      message: expect.stringMatching(/^step 5: train loss \d\.\d{3}, validation loss \d\.\d{3}$/),
    });
    expect(events).toContainEqual({ type: 'fact', name: 'parameters', value: 257 * 8 + 48 * 8 + 872 + 16 });
    expect(events).toContainEqual({ type: 'metric', name: 'seconds_per_step', value: expect.any(Number) });
  });

  it('follows the schedule and tells rate and gradient norm of each update', async () => {
    const { outputs, events } = await runStage(train, {
      with: {
        ...SETTINGS,
        epochs: 3,
        schedule: 'cosine',
        warmup: 0.5,
        minimum_learning_rate: 0.001,
        max_grad_norm: 0.5,
        eval_every: 1,
      },
      inputs: await inputs(),
      engine: 'cpu',
    });
    const history = parseHistory(read(outputs.history));
    expect(history.map(({ learningRate }) => learningRate)).toEqual(
      [null, 0, 0.01 / 3, 0.02 / 3, 0.01, 0.001 + 0.009 * 0.75, 0.001 + 0.009 * 0.25].map(
        (rate) => rate && expect.closeTo(rate, 10),
      ),
    );
    expect(history[1]!.validationLoss).toBe(history[0]!.validationLoss);
    expect(history[2]!.validationLoss).not.toBe(history[1]!.validationLoss);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'progress',
        done: 6,
        metrics: {
          train_loss: expect.any(Number),
          learning_rate: history.at(-1)!.learningRate,
          grad_norm: history.at(-1)!.gradNorm,
          tokens_per_second: expect.any(Number),
        },
      }),
    );
  });

  it('gives the same bytes each time, wherever its checkpoints fall', async () => {
    const given = await inputs();
    const run = (checkpoint_every: number) =>
      runStage(train, { with: { ...SETTINGS, checkpoint_every }, inputs: given, engine: 'wasm' });
    expect((await run(0)).digests).toEqual((await run(5)).digests);
  });

  it('cancelled, goes on from the work of the earlier attempt to the same bytes', async () => {
    const given = await inputs();
    const undisturbed = await runStage(train, { with: SETTINGS, inputs: given, engine: 'wasm' });
    const directory = freshDirectory();
    const controller = new AbortController();
    const cancelAfterTwo = (event: StageRunEvent) => {
      if (event.type === 'progress' && event.done >= 1) controller.abort(new Error('cancelled'));
    };
    await expect(
      runStage(train, {
        with: SETTINGS,
        inputs: given,
        engine: 'wasm',
        directory,
        signal: controller.signal,
        onEvent: cancelAfterTwo,
      }),
    ).rejects.toThrow('cancelled');
    const resumed = await runStage(train, {
      with: SETTINGS,
      inputs: given,
      engine: 'wasm',
      earlierWorkDirectories: [join(directory, 'work')],
    });
    expect(resumed.digests).toEqual(undisturbed.digests);
    expect(resumed.events.filter((event) => event.type === 'progress')[0]).toMatchObject({ done: 2 });
  });

  it('trains on the first `max_length` tokens of a text and the one after them alone', async () => {
    const given = await inputs();
    const trainedOn = async (answers: readonly string[], max_length: number) => {
      const texts = answers.map((answer, i) => `${i} + ${i} =${answer}`);
      const path = await writeTexts(join(freshDirectory(), 'texts.safetensors'), texts);
      return await runStage(train, {
        with: { ...SETTINGS, max_length },
        inputs: { ...given, train: path, validation: path },
        engine: 'cpu',
      });
    };
    const sums = [' 0', ' 2', ' 4', ' 6'];
    const others = [' 0x', ' yyyyy', ' 4', ' z'];
    // `0 + 0 =` are 7 tokens: with 7 inputs the last target is the space, with 8 the digit.
    const cut = await trainedOn(sums, 7);
    expect(cut.digests).toEqual((await trainedOn(others, 7)).digests);
    expect(cut.digests.model).not.toBe((await trainedOn(sums, 8)).digests.model);
    expect((await trainedOn(sums, 8)).digests).not.toEqual((await trainedOn(others, 8)).digests);
    const [warning] = cut.events.filter(({ type }) => type === 'warning');
    expect(warning).toMatchObject({ message: '8 of 8 texts are cut at 7 tokens.' });
  });

  it('ends early and keeps its best model where it is told to', async () => {
    const { outputs, events } = await runStage(train, {
      with: {
        ...SETTINGS,
        keep: 'best',
        early_stopping: { patience: 3, min_delta: 0.01 },
        epochs: 60,
        eval_every: 2,
      },
      inputs: await inputs(),
      engine: 'cpu',
    });
    const history = parseHistory(read(outputs.history));
    expect(history.at(-1)!.updates).toBe(37);
    expect(history.find(({ kept }) => kept)!.updates).toBe(33);
    expect(read(outputs.loss_curve)).toContain('>kept 2.35<');
    expect(JSON.parse(read(outputs.samples)).at(-1)).toEqual({
      epoch: 16.5,
      kept: true,
      prompt: '10 + 10 ',
      text: expect.any(String),
    });
    const logged = events.flatMap((event) => (event.type === 'log' ? [event.message] : []));
    expect(logged.slice(-2)).toEqual([
      'stopped early after 37 updates: the validation loss has not improved by more than 0.01 in 3 evaluations, the lowest is 2.354',
      'kept the model of step 32, validation loss 2.354',
    ]);
    expect(events.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ done: 37, total: 37 });
  });

  it('cuts texts at the positions of the model and says so', async () => {
    const given = await inputs();
    await writeTexts(given.validation, [`${'1'.repeat(60)} = 2`, '1 + 1 = 2']);
    const { events } = await runStage(train, {
      with: { ...SETTINGS, epochs: 0 },
      inputs: given,
      engine: 'cpu',
    });
    expect(events).toContainEqual({
      type: 'warning',
      message: '1 of 12 texts are cut at 48 tokens.',
      hint: expect.stringContaining('`max_length`'),
      of_result: true,
    });
  });

  it('takes samples of tokens that have a text, whatever a model with a larger vocabulary prefers', async () => {
    const folder = freshDirectory();
    const config = { ...TINY_BYTES, vocab_size: 300, tie_word_embeddings: false };
    const given = await writeTrainInputs(folder, config);
    // Whatever comes in, the hidden state is all ones, and only token 280 of the padding answers to that.
    const numbers: Record<string, (i: number) => number> = {
      'transformer.ln_f.weight': () => 0,
      'transformer.ln_f.bias': () => 1,
      'lm_head.weight': (i) => (Math.floor(i / config.n_embd) === 280 ? 1 : 0),
    };
    const weights = randomWeights(config, 1).map((source) => {
      const of = numbers[source.name];
      const size = source.shape.reduce((product, length) => product * length, 1);
      return of ? { ...source, bytes: () => Float32Array.from({ length: size }, (_, i) => of(i)) } : source;
    });
    await writeModelFolder(given.model, config, weights);
    const { outputs } = await runStage(train, {
      with: { ...SETTINGS, epochs: 0 },
      inputs: given,
      engine: 'cpu',
    });
    expect(JSON.parse(read(outputs.samples))[0].text).toHaveLength(SETTINGS.sample_tokens);
  });

  describe('with masked instructions', () => {
    const run = async (given: TrainInputs, settings: Record<string, unknown> = {}) =>
      await runStage(train, {
        with: { ...SETTINGS, epochs: 0, mask_instruction: true, ...settings },
        inputs: given,
        engine: 'cpu',
      });

    it('measures the loss of the responses alone', async () => {
      const given = await inputs();
      const loss = async (settings: Record<string, unknown>) =>
        parseHistory(read((await run(given, settings)).outputs.history))[0]!.trainLoss;
      expect(await loss({})).not.toBeCloseTo(await loss({ mask_instruction: false }), 4);
    });

    it('leaves out texts without a response before the cut, and says which and why', async () => {
      const given = await inputs();
      await writeTexts(given.validation, ['1 + 1 = 2', '1000000 + 1 = 1000001', '1 + 1 = 2']);
      expect((await run(given, { max_length: 9 })).events).toContainEqual({
        type: 'warning',
        message:
          '1 of 3 validation texts are left out, because nothing of them counts: the first is that of line 2 of the validation records (its prompt alone fills the context, 9 tokens).',
        hint: expect.stringContaining('`max_length`'),
        of_result: true,
      });
    });

    it.each([
      { keep: 'best', schedule: 'cosine', warmup: 0.3 },
      { gradient_accumulation: 2, batch_size: 2, shuffle: 'seeded' },
      { max_grad_norm: 0.5, dropout: 0.1, lora: { rank: 4 } },
    ])('gives with them the bytes of the training without them: %o', async (settings) => {
      const long = '1000000 + 1000000 = 2000000';
      const train = ['1 + 1 = 2', '2 + 2 = 4', '3 + 3 = 6', '4 + 4 = 8', '5 + 5 = 9'];
      const validation = ['7 + 1 = 8', '6 + 1 = 7'];
      const trained = async (trainTexts: string[], validationTexts: string[]) => {
        const given = await inputs();
        await writeTexts(given.train, trainTexts);
        await writeTexts(given.validation, validationTexts);
        return (await run(given, { max_length: 12, epochs: 3, eval_every: 1, ...settings })).digests;
      };
      const mixed = trained(
        [long, ...train.flatMap((text) => [text, long, long])],
        [long, ...validation, long],
      );
      expect(await mixed).toEqual(await trained(train, validation));
    });

    it('fails where nothing counts at all, or less than an update takes', async () => {
      await expect(run(await inputs(), { max_length: 3 })).rejects.toThrow(
        '10 of 10 train texts are left out, because nothing of them counts: the first is that of line 1 of the train records',
      );
      const given = await inputs();
      const texts = [
        '1 + 1 = 2',
        '2 + 2 = 4',
        ...Array.from({ length: 6 }, (_, i) => `${10 ** 9 + i} + 1 = 2`),
      ];
      await writeTexts(given.train, texts);
      await expect(run(given, { max_length: 9 })).rejects.toThrow(
        'There are 2 texts to train on, fewer than the 4 of one update.',
      );
    });
  });

  describe('refuses', () => {
    async function failure(given: TrainInputs, settings: Record<string, unknown> = {}): Promise<string> {
      const error = await runStage(train, {
        with: { ...SETTINGS, ...settings },
        inputs: given,
        engine: 'cpu',
      }).catch((e) => e);
      expect(error).toBeInstanceOf(StageError);
      return (error as StageError).message;
    }

    it('tokens of an encoding that the model does not have', async () => {
      const given = await writeTrainInputs(freshDirectory(), {
        ...TINY_BYTES,
        vocab_size: 300,
        eos_token_id: 299,
      });
      expect(await failure(given)).toBe(
        "No encoding has the model's end of text 299 in 300 tokens: gpt2 ends with 50256, bytes with 256.",
      );
    });

    it('fewer texts than one update takes', async () => {
      expect(await failure(await inputs(), { batch_size: 11 })).toBe(
        'There are 10 texts to train on, fewer than the 11 of one update.',
      );
    });

    it('no texts to validate on', async () => {
      const given = await inputs();
      await writeTexts(given.validation, []);
      expect(await failure(given)).toBe('There are no texts to validate on.');
    });

    it('a warm-up as long as the training', async () => {
      expect(await failure(await inputs(), { warmup: 4, epochs: 2 })).toBe(
        'The warm-up takes 4 updates, but the whole training has 4.',
      );
    });

    it('a patience that the training has not the evaluations for', async () => {
      const settings = { early_stopping: { patience: 4 }, epochs: 3, eval_every: 2 };
      expect(await failure(await inputs(), settings)).toBe(
        "`early_stopping` waits for 4 evaluations without an improvement, but the training's 6 updates have only 3.",
      );
    });

    it('to go on when the loss is no longer a number', async () => {
      expect(await failure(await inputs(), { learning_rate: 1e30 })).toContain('the training has diverged');
    });
  });

  describe('in advance', () => {
    const problems = (model: number | undefined, settings: Record<string, unknown> = {}) =>
      train.preflight!(resolvedSettings(train, settings), { inputBytes: { model }, ...world() });

    it('finds nothing wrong with a model that fits into memory, or that is not known yet', async () => {
      expect(await problems(1e6)).toEqual([]);
      expect(await problems(undefined)).toEqual([]);
    });

    it('refuses a model that does not fit into memory, with numbers and advice', async () => {
      const [problem] = await problems(1e15);
      expect(problem!.message).toMatch(
        /^Training in batches of 8 needs about 4720000\.4 GB of memory, and \d+\.\d GB are free\.$/,
      );
      expect(problem!.hint).toMatch(/^Close other programs/);
    });

    it.each([
      [
        { schedule: 'cosine', learning_rate: 1e-4, minimum_learning_rate: 1e-3 },
        '`minimum_learning_rate` is 0.001, above the highest learning rate of the training, 0.0001.',
        'Lower `minimum_learning_rate`, or raise `learning_rate`.',
      ],
      [
        { warmup: 20, learning_rate: 1e-5, initial_learning_rate: 3e-5 },
        '`initial_learning_rate` is 0.00003, above the highest learning rate of the training, 0.00001.',
        'Lower `initial_learning_rate`, or raise `learning_rate`.',
      ],
      [
        { warmup: 1.5 },
        '`warmup` is 1.5, which is neither a whole number of updates nor a share of them below 1.',
        'Give the updates (`warmup: 2`) or a share (`warmup: 0.2`).',
      ],
    ])('refuses %o', async (settings, message, hint) => {
      expect(await problems(undefined, settings)).toEqual([{ message, hint }]);
    });

    it('lets rates stand that the schedule does not use', async () => {
      const unused = { learning_rate: 1e-5, initial_learning_rate: 1, minimum_learning_rate: 1 };
      expect(await problems(undefined, unused)).toEqual([]);
    });

    it('asks for the disk space of two checkpoints and the result, and of two best weights', () => {
      expect(train.diskBytes!(resolvedSettings(train), { model: 100 })).toBe(700);
      expect(train.diskBytes!(resolvedSettings(train, { keep: 'best' }), { model: 100 })).toBe(900);
    });
  });
});
