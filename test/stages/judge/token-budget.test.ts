import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../../src/stages/judge/judge.ts';
import { TokenBudget } from '../../../src/stages/judge/token-budget.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';
import { responsesFile } from './responses-file.ts';
import { scoresOf } from './scores-of.ts';

const who = {
  kind: 'openai',
  label: 'A judge behind an API',
  model: 'judge-1',
  prompt: 'Score {{ model_response }}: ',
  instructions: 'a number only.',
};

let server: OpenAiServer;
let responses: string;
beforeEach(async () => {
  server = await startOpenAiServer(() => '85');
  responses = responsesFile(Array.from({ length: 8 }, (_, n) => `${n}`));
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

const run = (tokens: number, more: object = {}, itemsDirectory = join(freshDirectory(), 'items')) =>
  runStage(judge, {
    with: { judge: who, rationales: 0, url: server.url, min_scored: 0, budget: { tokens }, ...more },
    inputs: { responses },
    itemsDirectory,
  });
const scored = async (...args: Parameters<typeof run>) =>
  scoresOf((await run(...args)).outputs.scores).flatMap(({ score, index }) =>
    score === null ? [] : [index],
  );

describe('a budget', () => {
  it('leaves the items without a score that come after it is spent', async () => {
    // Each answer of this server takes 20 and 2 tokens.
    const { outputs, events } = await run(60);
    const scores = scoresOf(outputs.scores);
    expect(scores.map(({ score }) => score)).toEqual([85, 85, 85, null, null, null, null, null]);
    expect(scores[3]).toEqual({ index: 3, score: null, reason: 'the budget of 60 tokens is spent' });
    expect(server.questions).toHaveLength(3);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        message: '5 of 8 replies gave no score, the first for item 3: the budget of 60 tokens is spent',
      }),
    );
  });

  it('ends at the same item however many are asked at a time', async () => {
    expect(await scored(60, { concurrency: 4 })).toEqual([0, 1, 2]);
    expect(await scored(60, { concurrency: 64 })).toEqual([0, 1, 2]);
  });

  it('counts answers that are kept, so that the same stage gives the same scores', async () => {
    const items = join(freshDirectory(), 'items');
    expect(await scored(60, {}, items)).toEqual([0, 1, 2]);
    expect(await scored(60, {}, items)).toEqual([0, 1, 2]);
    expect(server.questions).toHaveLength(3);
    expect(await scored(100, {}, items)).toEqual([0, 1, 2, 3, 4]);
    expect(server.questions).toHaveLength(5);
  });

  it('counts for each judge of a jury on its own', async () => {
    const jury = {
      kind: 'jury',
      label: 'Two',
      judges: [who, { ...who, label: 'Another', prompt: 'Mark {{ model_response }}: ' }],
    };
    expect(await scored(60, { judge: jury })).toEqual([0, 1, 2]);
    expect(server.questions).toHaveLength(6);
  });

  it('allows a prefix of the items in whatever order their answers come', () => {
    const items = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(items, fc.nat({ max: 60 }), fc.infiniteStream(fc.nat()), (tokens, limit, order) => {
        const budget = new TokenBudget(limit);
        const open = [...tokens.keys()];
        const judgements: { index: number; score: number }[] = new Array(tokens.length);
        const begun: number[] = [];
        while (open.length > 0 || begun.length > 0) {
          const pick = order.next().value;
          if (begun.length === 0 || (open.length > 0 && pick % 2 === 0)) {
            const item = open.shift()!;
            if (!budget.isSpent) begun.push(item);
          } else {
            const [item] = begun.splice(pick % begun.length, 1) as [number];
            judgements[item] = { index: item, score: 1 };
            budget.spend(item, tokens[item]!);
          }
        }
        let before = 0;
        const expected = tokens.map((own) => {
          const allowed = before < limit;
          before += own;
          return allowed;
        });
        expect(budget.applied(judgements).map(({ score }) => score !== null)).toEqual(expected);
      }),
    );
  });
});
