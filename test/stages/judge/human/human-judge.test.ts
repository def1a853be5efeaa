import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../../../src/stages/judge/judge.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, world } from '../../run-stage.ts';
import { scoresOf } from '../scores-of.ts';

const who = { kind: 'human', label: 'Ann and Bob' };
let responses: string;
let labels: string;

beforeEach(() => {
  const folder = freshDirectory();
  responses = join(folder, 'responses.json');
  labels = join(folder, 'labels.json');
  const items = ['red', 'blue', 'green'].map((model_response) => ({
    instruction: '?',
    output: 'red',
    model_response,
  }));
  writeFileSync(responses, JSON.stringify(items));
});
afterEach(removeDirectories);

const judged = async (given: unknown, more: object = {}) => {
  writeFileSync(labels, JSON.stringify(given));
  const { outputs } = await runStage(judge, { with: { judge: who, ...more }, inputs: { responses, labels } });
  return scoresOf(outputs.scores);
};

describe('people as the judge', () => {
  it('give the scores that their labels hold, and none to what nobody has labelled', async () => {
    const given = [
      { index: 2, score: 10, rationale: 'Wrong.' },
      { index: 0, score: 100, by: 'Ann' },
    ];
    expect(await judged(given)).toEqual([
      { index: 0, score: 100 },
      { index: 1, score: null, reason: 'nobody has labelled it' },
      { index: 2, score: 10, rationale: 'Wrong.' },
    ]);
  });

  it('have said nothing of another response than the one that they saw', async () => {
    const given = [
      { score: 100, model_response: 'red' },
      { score: 0, model_response: 'azure' },
      { score: null, model_response: 'green' },
    ];
    expect(await judged(given, { min_scored: 0 })).toEqual([
      { index: 0, score: 100 },
      { index: 1, score: null, reason: 'its label is for another response' },
      { index: 2, score: null, reason: 'its label has no score' },
    ]);
  });

  it('cannot have labelled one response twice', async () => {
    const twice = [
      { index: 1, score: 1 },
      { index: 1, score: 2 },
    ];
    await expect(judged(twice)).rejects.toThrow('The input labels has two labels for item 1.');
  });

  it('need a file of labels, which is told before anything starts', async () => {
    const problems = (inputBytes: Record<string, number>) =>
      judge.preflight!(resolvedSettings(judge, { judge: who }), { inputBytes, ...world() });
    expect(await problems({ responses: 1 })).toMatchObject([
      { message: 'A human judge needs a file of labels.' },
    ]);
    expect(await problems({ responses: 1, labels: 1 })).toEqual([]);
    const without = runStage(judge, { with: { judge: who }, inputs: { responses } });
    await expect(without).rejects.toThrow('A human judge needs a file of labels.');
  });
});
