import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../../../src/stages/judge/judge.ts';
import { type OpenAiServer, startOpenAiServer } from '../../../servers/openai-server.ts';
import { freshDirectory, removeDirectories, runStage } from '../../run-stage.ts';
import { responsesFile } from '../responses-file.ts';
import { scoresOf } from '../scores-of.ts';

const who = {
  kind: 'openai',
  label: 'By criteria',
  model: 'judge-1',
  prompt: 'Score {{ model_response }}.',
  instructions: 'A number only.',
  criteria: [
    { name: 'Right', description: 'What it says is true.', weight: 3 },
    { name: 'Short', description: 'It has no word too many.' },
  ],
};

let server: OpenAiServer;
let responses: string;
beforeEach(async () => {
  server = await startOpenAiServer(({ messages }) => (messages[0]!.content.includes('Right') ? '80' : '40'));
  responses = responsesFile(['red', 'blue']);
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

const run = async (more: object = {}) => {
  const settings = { judge: { ...who, ...more }, rationales: 0, url: server.url, min_scored: 0 };
  const { outputs } = await runStage(judge, { with: settings, inputs: { responses } });
  return { scores: scoresOf(outputs.scores), summary: JSON.parse(readFileSync(outputs.summary!, 'utf8')) };
};

describe('prompts without outputs', () => {
  const alone = () => {
    const path = join(freshDirectory(), 'responses.jsonl');
    writeFileSync(
      path,
      '{"instruction":"Why?","model_response":"red"}\n{"instruction":"Who?","model_response":"blue"}\n',
    );
    return path;
  };

  it('are scored by a judge that does not ask for the output', async () => {
    responses = alone();
    expect((await run()).scores.map(({ score }) => score)).toEqual([70, 70]);
  });

  it('are refused by one that does, before anything is asked', async () => {
    responses = alone();
    await expect(run({ prompt: 'Is {{ model_response }} as good as {{ output }}?' })).rejects.toMatchObject({
      message: 'Item 0 of the input `responses` has no output, which the prompt of the judge asks with.',
      hint: expect.stringContaining('does without `output`'),
    });
    expect(server.questions).toEqual([]);
  });

  it('are refused by a comparison', async () => {
    const settings = { judge: { kind: 'reference', label: 'Equal', metric: 'exact_match' } };
    await expect(runStage(judge, { with: settings, inputs: { responses: alone() } })).rejects.toThrow(
      'Item 0 of the input `responses` has no output, which the judge compares with.',
    );
  });
});

describe('criteria', () => {
  it('are asked one by one, and the score is their weighted mean', async () => {
    const { scores } = await run();
    expect(scores[0]).toEqual({
      index: 0,
      score: (3 * 80 + 40) / 4,
      criteria: [
        { name: 'Right', score: 80, reply: '80' },
        { name: 'Short', score: 40, reply: '40' },
      ],
    });
    expect(server.questions.map(({ messages }) => messages[0]!.content).slice(0, 2)).toEqual([
      'Score red.\nJudge by this criterion alone: Right. What it says is true.\nA number only.',
      'Score red.\nJudge by this criterion alone: Short. It has no word too many.\nA number only.',
    ]);
  });

  it('leave a response without a score if one of them has none', async () => {
    server.answer = ({ messages }) =>
      messages[0]!.content.includes('red.\nJudge by this criterion alone: Short') ? 'Hm.' : '60';
    const { scores, summary } = await run();
    expect(scores.map(({ score, reason }) => [score, reason])).toEqual([
      [null, 'Short: the reply holds no number'],
      [60, undefined],
    ]);
    expect(summary).toMatchObject({
      scored: 1,
      criteria: [
        { name: 'Right', scored: 2, mean: 60 },
        { name: 'Short', scored: 1, mean: 60 },
      ],
    });
  });

  it('are repeated each, with the spread over all of them', async () => {
    server.answer = (_, count) => `${60 + 10 * (count % 2)}`;
    const { scores, summary } = await run({ repeats: 2, options: { seed: 1 } });
    expect(scores[0]!.criteria).toMatchObject([
      { score: 65, scores: [60, 70] },
      { score: 65, scores: [60, 70] },
    ]);
    expect(summary.repeat_spread).toBeCloseTo(Math.sqrt(50), 12);
  });
});
