import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../../../src/stages/judge/judge.ts';
import { readPreference } from '../../../../src/stages/judge/language-model/pairwise.ts';
import { type OpenAiServer, startOpenAiServer } from '../../../servers/openai-server.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, world } from '../../run-stage.ts';
import { scoresOf } from '../scores-of.ts';

const who = {
  kind: 'openai',
  label: 'Pairwise',
  model: 'judge-1',
  pairwise: true,
  prompt: '{{ instruction }} A: {{ response_a }} B: {{ response_b }}',
  instructions: ' Respond with A, B or tie.',
};

let server: OpenAiServer;
let folder: string;
beforeEach(async () => {
  // The longer of two responses wins.
  server = await startOpenAiServer(({ messages }) => {
    const [, a = '', b = ''] = /A: (.*) B: (.*) Respond/.exec(messages[0]!.content)!;
    return a.length === b.length ? 'tie' : a.length > b.length ? 'A' : 'B';
  });
  folder = freshDirectory();
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

function file(name: string, replies: readonly string[], question = (index: number) => `${index}?`): string {
  const items = replies.map((model_response, index) => ({
    instruction: question(index),
    output: '',
    model_response,
  }));
  writeFileSync(join(folder, name), JSON.stringify(items));
  return join(folder, name);
}

async function run(inputs: Record<string, string>, more: object = {}) {
  const settings = { judge: { ...who, ...more }, rationales: 0, url: server.url, min_scored: 0 };
  const { outputs } = await runStage(judge, { with: settings, inputs });
  return { scores: scoresOf(outputs.scores), summary: JSON.parse(readFileSync(outputs.summary!, 'utf8')) };
}
const both = () => ({
  responses: file('ours', ['long answer', 'no', 'same']),
  other_responses: file('others', ['short', 'yes', 'such']),
});

describe('a pairwise judge', () => {
  it('sees each pair in both orders, and scores winners, ties and losers', async () => {
    const { scores, summary } = await run(both());
    expect(scores.map(({ score }) => score)).toEqual([100, 0, 50]);
    expect(scores[0]!.orders).toEqual([
      { score: 100, reply: 'A' },
      { score: 100, reply: 'B' },
    ]);
    expect(server.questions.slice(0, 2).map(({ messages }) => messages[0]!.content)).toEqual([
      '0? A: long answer B: short Respond with A, B or tie.',
      '0? A: short B: long answer Respond with A, B or tie.',
    ]);
    expect(summary).toMatchObject({ mean: 50, pairwise: { won: 1, tied: 1, lost: 1, order_bias: 0 } });
  });

  it('that prefers whatever stands first decides nothing, and its bias is shown', async () => {
    server.answer = () => 'A';
    const { scores, summary } = await run(both());
    expect(scores.map(({ score }) => score)).toEqual([50, 50, 50]);
    expect(summary.pairwise).toMatchObject({ won: 0, tied: 3, lost: 0, order_bias: 1 });
    // Of Wilson, for 3 of 3.
    expect(summary.pairwise.order_bias_interval_95[0]).toBeCloseTo(0.4385, 3);
  });

  it('has no score if it prefers none in one of the orders', async () => {
    server.answer = ({ messages }) => (messages[0]!.content.includes('A: short') ? 'Both are fine.' : 'A');
    const { scores } = await run(both());
    expect(scores[0]).toMatchObject({
      score: null,
      reason: 'as the second of two: the reply names neither A nor B nor a tie',
    });
    expect(scores[1]!.score).toBe(50);
  });

  it('can have criteria and repeats', async () => {
    const criteria = [
      { name: 'Right', description: 'It is true.', weight: 3 },
      { name: 'Short', description: 'It is short.' },
    ];
    server.answer = ({ messages }) => {
      const oursFirst = messages[0]!.content.includes('A: long');
      return messages[0]!.content.includes('Right') === oursFirst ? 'A' : 'B';
    };
    const { scores, summary } = await run(
      { responses: file('ours', ['long']), other_responses: file('others', ['brief']) },
      { criteria, repeats: 2, options: { seed: 1 } },
    );
    // It wins by the first criterion alone, which weighs three of four.
    expect(scores[0]!.score).toBe(75);
    expect(summary.repeat_spread).toBe(0);
  });

  it('needs other responses to the same questions', async () => {
    const { responses } = both();
    await expect(run({ responses })).rejects.toThrow('A pairwise judge needs other responses.');
    const problems = (inputBytes: Record<string, number>) => {
      const settings = resolvedSettings(judge, { judge: who, url: server.url });
      return judge.preflight!(settings, { inputBytes, ...world() });
    };
    expect(await problems({ responses: 1 })).toMatchObject([
      { message: 'A pairwise judge needs other responses.' },
    ]);
    expect(await problems({ responses: 1, other_responses: 1 })).toEqual([]);
    const fewer = file('fewer', ['short', 'yes']);
    await expect(run({ responses, other_responses: fewer })).rejects.toThrow(
      'Item 2 of the input `other_responses` answers another question.',
    );
    const others = file('others', ['short', 'yes', 'such'], (index) => `${index ** 2}?`);
    await expect(run({ responses, other_responses: others })).rejects.toThrow('Item 2');
    writeFileSync(fewer, '[7]');
    await expect(run({ responses, other_responses: fewer })).rejects.toThrow(
      'Item 0 of the input `other_responses` is not an object.',
    );
  });
});

describe('a reply to a pairwise question', () => {
  it.each([
    'A',
    'a',
    '**A**',
    'A.',
    'Winner: A',
    'The better response is **A**.',
    '[[A]]',
    '`A`',
    '{"winner": "A"}',
    '```json\n{"winner": "A"}\n```',
    '<think>B?</think>A',
  ])('prefers the first: %j', (reply) => {
    expect(readPreference(reply, 'stop', 'A')).toEqual({ score: 100 });
    expect(readPreference(reply, 'stop', 'B')).toEqual({ score: 0 });
  });

  it.each(['tie', 'Tie.', '{"winner": "tie"}'])('prefers none: %j', (reply) => {
    expect(readPreference(reply, 'stop', 'A')).toEqual({ score: 50 });
  });

  it.each([
    'A or B',
    'A B',
    'AB',
    'A is better than B',
    'C',
    '{"score": 80}',
    '{"winner": 1}',
    '{"winner": "A"',
    '85',
  ])('is no preference: %j', (reply) => {
    expect(readPreference(reply, 'stop', 'A').score).toBeNull();
  });

  it('that is empty or was cut off says so', () => {
    expect(readPreference('', 'stop', 'A').reason).toBe('the reply is empty');
    expect(readPreference('A', 'length', 'A').reason).toBe('the reply was cut off at its greatest length');
  });
});
