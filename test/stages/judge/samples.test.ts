import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { judge } from '../../../src/stages/judge/judge.ts';
import { score } from '../../../src/stages/judge/score-metric.ts';
import { report } from '../../../src/stages/report/report.ts';
import { scoreStatistics } from '../../../src/statistics/mean/score-statistics.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

/** Replies to questions, several to each; right is the number of the question. */
function responsesFile(replies: readonly (readonly string[])[], first = 0): string {
  const path = join(freshDirectory(), 'responses.json');
  const responses = replies.flatMap((samples, question) =>
    samples.map((model_response, sample) => ({
      instruction: `Question ${question}`,
      input: '',
      output: String(question),
      model_response,
      ...(samples.length > 1 && { sample: sample + first }),
    })),
  );
  writeFileSync(path, JSON.stringify(responses));
  return path;
}

const WHO = { judge: { kind: 'reference', label: 'Exact', metric: 'exact_match' }, min_scored: 0 };
const judged = (responses: string) => runStage(judge, { with: WHO, inputs: { responses } });
const read = (path: string | undefined) => JSON.parse(readFileSync(path!, 'utf8'));

describe('several samples of each question', () => {
  /** Of question 0 all four are right, of 1 one, of 2 none. */
  const SAMPLED = [
    ['0', '0', '0', '0'],
    ['1', 'x', 'y', 'z'],
    ['x', 'y', 'z', 'w'],
  ];

  it('are judged one by one, and each score has its number', async () => {
    const scores = read((await judged(responsesFile(SAMPLED))).outputs.scores);
    expect(scores.map(({ sample, score }: Record<string, number>) => [sample, score]).slice(3, 6)).toEqual([
      [3, 100],
      [0, 100],
      [1, 0],
    ]);
    expect(new Set(scores.map(({ question }: Record<string, string>) => question)).size).toBe(3);
  });

  it('count once: mean, deviation and interval are those of the means of their items', async () => {
    const summary = read((await judged(responsesFile(SAMPLED))).outputs.summary);
    expect(summary).toMatchObject(scoreStatistics([{ score: 100 }, { score: 25 }, { score: 0 }]));
    expect(summary.items).toBe(3);
  });

  it('are no more certain if they are drawn twice as often with the same result', async () => {
    const once = read((await judged(responsesFile(SAMPLED))).outputs.summary);
    const twice = read((await judged(responsesFile(SAMPLED.map((of) => [...of, ...of])))).outputs.summary);
    expect(twice.interval_95).toEqual(once.interval_95);
    expect(twice.length_bias).toEqual(once.length_bias);
  });

  it('are paired by question with a judgement of single replies', async () => {
    const sampled = await score.read((await judged(responsesFile(SAMPLED))).outputs.scores!);
    const single = await score.read((await judged(responsesFile([['0'], ['x'], ['2']]))).outputs.scores!);
    expect([...sampled.items!.keys()]).toEqual([...single.items!.keys()]);
    expect([...sampled.items!.values()]).toEqual([100, 25, 0]);
    expect(sampled.value).toBeCloseTo(125 / 3, 10);
  });

  it('are cards of their own in a report, whose mean counts each question once', async () => {
    const responses = responsesFile(SAMPLED);
    const { outputs } = await judged(responses);
    const { outputs: pages } = await runStage(report, {
      with: {},
      inputs: { responses, scores: outputs.scores!, summary: outputs.summary! },
    });
    const page = readFileSync(Object.values(pages)[0]!, 'utf8');
    expect(page).toContain('Question 1 [sample 4]');
    expect(page).toContain('over 3 questions, of each the mean over its samples');
    expect(page).toContain('The mean score is 41.7 of 100');
  });
});
