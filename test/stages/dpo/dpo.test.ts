import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { writeModelFolder } from '../../../src/model/files/model-folder.ts';
import { randomWeights } from '../../../src/model/network/random-weights.ts';
import { dpo } from '../../../src/stages/dpo/dpo.ts';
import { parseHistory } from '../../../src/training/state/history.ts';
import { PAIRS, writeRecords } from '../preference-pairs.ts';
import { freshDirectory, removeDirectories, runStage, type StageRunEvent } from '../run-stage.ts';
import { TINY_BYTES } from '../train-inputs.ts';

afterEach(removeDirectories);

const SETTINGS = { learning_rate: 0.01, batch_size: 4, epochs: 3, sample_tokens: 5 };
async function dpoInputs(train: readonly object[] = PAIRS.slice(0, 10), validation = PAIRS.slice(10)) {
  const folder = freshDirectory();
  const model = join(folder, 'start');
  await writeModelFolder(model, TINY_BYTES, randomWeights(TINY_BYTES, 1));
  return {
    train: writeRecords(join(folder, 'train.jsonl'), train),
    validation: writeRecords(join(folder, 'validation.jsonl'), validation),
    model,
  };
}

describe('dpo', () => {
  it('raises the chosen responses above the rejected ones, and tells how', async () => {
    const { outputs, events } = await runStage(dpo, {
      with: SETTINGS,
      inputs: await dpoInputs(),
      engine: 'cpu',
    });
    const history = parseHistory(readFileSync(outputs.history!, 'utf8'));
    expect(history.map(({ updates }) => updates)).toEqual([0, 1, 6]);
    expect(history[0]!.trainLoss).toBeCloseTo(Math.LN2, 6);
    expect(history.at(-1)!.trainLoss).toBeLessThan(history[0]!.trainLoss);
    const { measures } = history.at(-1)!;
    expect(measures!.train_reward_margin).toBeGreaterThan(0);
    expect(measures!.train_reward_margin).toBeCloseTo(
      measures!.train_chosen_reward! - measures!.train_rejected_reward!,
    );
    expect(measures!.validation_accuracy).toBe(1);
    expect(events).toContainEqual({
      type: 'log',
      message: expect.stringMatching(
        /^step 5: train loss [\d.]+, validation loss [\d.]+, train reward margin [\d.]+, validation reward margin [\d.]+$/,
      ),
    });
    const samples = JSON.parse(readFileSync(outputs.samples!, 'utf8'));
    expect(samples[0]).toEqual({ epoch: 0, prompt: '10 + 10 ', text: expect.any(String) });
  });

  it.each([{ average_log_probabilities: false }, { beta: 0.5 }])('depends on %j', async (setting) => {
    const inputs = await dpoInputs();
    const run = (settings: object) =>
      runStage(dpo, { with: { ...SETTINGS, ...settings }, inputs, engine: 'cpu' });
    expect((await run(setting)).digests.model).not.toBe((await run({})).digests.model);
  });

  it.each(['wasm', 'onnxruntime'] as const)(
    'cancelled on %s, goes on to the same bytes, and does not ask the reference again',
    async (engine) => {
      const inputs = await dpoInputs();
      const undisturbed = await runStage(dpo, { with: SETTINGS, inputs, engine });
      const directory = freshDirectory();
      const controller = new AbortController();
      const cancelled = runStage(dpo, {
        with: SETTINGS,
        inputs,
        engine,
        directory,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'progress' && event.unit === 'steps') controller.abort(new Error('cancelled'));
        },
      });
      await expect(cancelled).rejects.toThrow('cancelled');
      const resumed = await runStage(dpo, {
        with: SETTINGS,
        inputs,
        engine,
        earlierWorkDirectories: [join(directory, 'work')],
      });
      expect(resumed.digests).toEqual(undisturbed.digests);
      const asked = ({ events }: { events: readonly StageRunEvent[] }) =>
        events.some((event) => event.type === 'progress' && event.unit === 'train pairs of the reference');
      expect([undisturbed, resumed].map(asked)).toEqual([true, false]);
    },
  );

  it('asks the reference again where one digit of what an earlier attempt kept is another, and says so', async () => {
    const options = { with: { ...SETTINGS, epochs: 1 }, inputs: await dpoInputs(), engine: 'cpu' as const };
    const undisturbed = await runStage(dpo, options);
    const kept = readFileSync(join(undisturbed.workDirectory, 'finished.ndjson'), 'utf8');
    const work = freshDirectory();
    writeFileSync(
      join(work, 'finished.ndjson'),
      kept.replace(/\d(?=\d{5})/, (digit) => `${(Number(digit) + 1) % 10}`),
    );
    const { digests, events } = await runStage(dpo, { ...options, earlierWorkDirectories: [work] });
    expect(digests).toEqual(undisturbed.digests);
    expect(events).toContainEqual({
      type: 'warning',
      message: expect.stringContaining('dropped from the work of an earlier attempt: 1.'),
      hint: expect.any(String),
    });
  });

  it('leaves out pairs whose prompts reach beyond the cut, with a warning', async () => {
    const inputs = await dpoInputs([...PAIRS.slice(0, 10), { ...PAIRS[0], id: 17, prompt: '1'.repeat(60) }]);
    const { events } = await runStage(dpo, { with: { ...SETTINGS, epochs: 0 }, inputs, engine: 'cpu' });
    expect(events).toContainEqual({
      type: 'warning',
      message:
        '1 of 11 train pairs are left out, because their prompts reach beyond 48 tokens: the first is record 17.',
      hint: expect.stringContaining('`max_length`'),
      of_result: true,
    });
  });

  it.each([
    [
      'records that are no pairs',
      [{ ...PAIRS[0], rejected: undefined }],
      'record 0 has no rejected response',
    ],
    ['no pairs', [], 'There are no train pairs.'],
    [
      'fewer pairs than one update takes',
      PAIRS.slice(0, 3),
      'There are 3 pairs to train on, fewer than the 4',
    ],
  ])('refuses %s', async (_, train, message) => {
    const inputs = await dpoInputs(train);
    await expect(runStage(dpo, { with: SETTINGS, inputs, engine: 'cpu' })).rejects.toThrow(message);
  });
});
