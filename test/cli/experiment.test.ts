import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { bookData } from '../book-data.ts';
import { Experiment } from './experiment.ts';
import { type Finished, outcomes } from './rig.ts';

/** Lengths of the first shuffled batches of the 935 training records, seed 123, as the book's notebook prints them. */
const BATCH_LENGTHS = [61, 76, 73, 68, 65, 72, 80, 67, 62, 75, 62, 68, 67, 77, 69, 79, 71, 66, 83, 68, 80];

describe.skipIf(bookData === undefined)(
  'alpaca-gpt2-medium.yaml on the real records, with a small checkpoint',
  () => {
    let experiment: Experiment;
    let first: Finished & { events: RunEvent[] };
    beforeAll(async () => {
      experiment = await Experiment.start(readFileSync(join(bookData!, 'instruction-data.json'), 'utf8'));
      first = await experiment.run();
    }, 600_000);
    afterAll(() => experiment?.stop());

    const output = async (name: string) =>
      (await experiment.project.pipe(['cat', 'alpaca.yaml', name, ...experiment.arguments])).stdout;
    const lines = async (name: string) =>
      (await output(name)).split('\n').filter((line) => line !== '').length;

    it('runs every stage to a score', async () => {
      expect(first.stderr).toBe('');
      expect(first.code).toBe(0);
      expect(new Set(Object.values(outcomes(first.events)))).toEqual(new Set(['ran']));
      const summary = JSON.parse(await output('judge.summary')) as { mean: number; scored: number };
      expect(summary.scored).toBe(110);
      expect(summary.mean).toBeGreaterThan(0);
    });

    it('splits the 1,100 records into 935, 110 and 55', async () => {
      expect(await lines('split.train')).toBe(935);
      expect(await lines('split.test')).toBe(110);
      expect(await lines('split.validation')).toBe(55);
    });

    it('trains on the batches of the book, in its order', async () => {
      const rows = (await output('train.history'))
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','));
      const tokensSeen = new Map(rows.map((row) => [Number(row[0]), Number(row[2])]));
      for (const step of [0, 5, 10, 15, 20]) {
        const tokens = 8 * BATCH_LENGTHS.slice(0, step + 1).reduce((sum, length) => sum + length, 0);
        expect([step, tokensSeen.get(step)]).toEqual([step, tokens]);
      }
      expect(Math.max(...tokensSeen.keys())).toBe(115);
    });

    it('writes 110 responses in the shape of the book', async () => {
      const text = await output('generate.responses');
      const responses = JSON.parse(text) as Record<string, string>[];
      expect(responses).toHaveLength(110);
      for (const response of responses) {
        expect(Object.keys(response)).toEqual(['instruction', 'input', 'output', 'model_response']);
        expect(response.model_response).not.toContain('### Response:');
      }
      expect(text).toBe(JSON.stringify(responses, null, 4));
      expect(responses[0]?.instruction).toBe('Rewrite the sentence using a simile.');
    });

    it('asks the judge with the prompt and the options of the book', () => {
      const { questions } = experiment.ollama;
      expect(questions[0]?.options).toEqual({ seed: 123, temperature: 0, num_ctx: 2048 });
      const scoring = questions.filter(({ messages }) =>
        messages[0]!.content.endsWith('Respond with the integer number only.'),
      );
      expect(scoring).toHaveLength(110);
      expect(scoring[0]!.messages[0]!.content).toMatch(/^Given the input `Below is an instruction/);
    });

    it('executes nothing the second time', async () => {
      const served = experiment.files.requests.length;
      const second = await experiment.run();
      expect(second.code).toBe(0);
      expect(new Set(Object.values(outcomes(second.events)))).toEqual(new Set(['hit']));
      expect(experiment.files.requests.length).toBe(served);
    });
  },
);
