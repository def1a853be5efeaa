import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { judge } from '../../../src/stages/judge/judge.ts';
import { predictionPowered } from '../../../src/statistics/agreement/prediction-powered.ts';
import { Mt19937 } from '../../../src/statistics/random/mt19937.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

/** A program that says the number that a response holds. */
const PROGRAM = `
const { createInterface } = require('node:readline');
createInterface({ input: process.stdin }).on('line', (line) => {
  const { index, model_response } = JSON.parse(line);
  console.log(JSON.stringify({ index, score: Number(model_response) }));
});
`;
const program = { kind: 'command', label: 'Reads the number', command: ['node', 'inputs/program'] };
const equal = { kind: 'reference', label: 'Equal', metric: 'exact_match' };
const people = { kind: 'human', label: 'Ann' };

/** Items whose judge scores up to 20 points too high, as a program reads them; people have labelled the first ones. */
function items(count: number, labelled: number) {
  const random = Mt19937.seeded(5);
  const below = (end: number) => random.next32() % end;
  const truths = Array.from({ length: count }, () => below(80));
  const scores = truths.map((truth) => truth + below(21));
  return { truths, scores, labels: truths.slice(0, labelled).map((score, index) => ({ index, score })) };
}

async function judged(who: object, scores: readonly number[], labels?: readonly object[]) {
  const folder = freshDirectory();
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const responses = scores.map((score, n) => ({
    instruction: `${n}?`,
    output: '',
    model_response: `${score}`,
  }));
  const inputs = {
    responses: write('responses.json', JSON.stringify(responses)),
    program: write('program.cjs', PROGRAM),
    ...(labels && { labels: write('labels.json', JSON.stringify(labels)) }),
  };
  const { outputs, events } = await runStage(judge, { with: { judge: who, min_scored: 0 }, inputs });
  return { summary: JSON.parse(readFileSync(outputs.summary!, 'utf8')), events };
}

describe('labels of people', () => {
  it('correct the mean of a judge that scores too high', async () => {
    const { truths, scores, labels } = items(110, 25);
    const { summary, events } = await judged(program, scores, labels);
    const { mean, interval, lambda } = predictionPowered(
      truths.slice(0, 25),
      scores.slice(0, 25),
      scores.slice(25),
      {
        scale: { low: 0, high: 100 },
      },
    )!;
    expect(summary).toMatchObject({
      labelled: 25,
      corrected: { mean, interval_95: interval, lambda, unlabelled: 85 },
    });
    const truth = truths.reduce((sum, one) => sum + one, 0) / truths.length;
    expect(summary.mean - truth).toBeGreaterThan(8);
    expect(Math.abs(mean - truth)).toBeLessThan(3);
    expect(interval[0]).toBeLessThan(truth);
    expect(interval[1]).toBeGreaterThan(truth);
    expect(events).toContainEqual({ type: 'metric', name: 'corrected_mean_score', value: mean });
  });

  it('show by how much it is off, and how far it agrees', async () => {
    const { truths, scores, labels } = items(60, 30);
    const { summary, events } = await judged(program, scores, labels);
    const bias = scores.slice(0, 30).reduce((sum, score, n) => sum + score - truths[n]!, 0) / 30;
    expect(summary.calibration).toMatchObject({
      bias: expect.closeTo(bias, 10),
      // This judge is never too low.
      distance: expect.closeTo(bias, 10),
      agreement: {
        items: 30,
        exact: scores.slice(0, 30).filter((score, n) => score === truths[n]).length / 30,
      },
    });
    const [low, high] = summary.calibration.interval_95;
    expect(low).toBeGreaterThan(5);
    expect(high).toBeLessThan(15);
    expect(summary.calibration.p).toBeLessThan(0.001);
    expect(summary.calibration.agreement.spearman).toBeGreaterThan(0.9);
    expect(events).toContainEqual({ type: 'metric', name: 'bias', value: summary.calibration.bias });
  });

  it('change nothing else of a summary', async () => {
    const { scores, labels } = items(40, 30);
    const { labelled, corrected, calibration, ...rest } = (await judged(program, scores, labels)).summary;
    expect([labelled, corrected, calibration]).not.toContain(undefined);
    expect(rest).toEqual((await judged(program, scores)).summary);
  });

  it('say nothing of a judge if they are fewer than 25, and that is said', async () => {
    const { scores, labels } = items(60, 24);
    const { summary, events } = await judged(program, scores, labels);
    expect(summary).toMatchObject({ labelled: 24 });
    expect(summary).not.toHaveProperty('corrected');
    expect(summary).not.toHaveProperty('calibration');
    expect(events).toContainEqual({
      type: 'warning',
      message: '24 items have a label and a score: too few to correct the judge',
      hint: 'Label at least 25 items, drawn at random.',
      of_result: true,
    });
  });

  it('count for the response that they were given for alone', async () => {
    const { scores, labels } = items(60, 30);
    const stale = labels.map((label, n) => (n < 4 ? { ...label, model_response: 'another' } : label));
    expect((await judged(program, scores, stale)).summary.labelled).toBe(26);
  });

  it('leave nothing to estimate if all items have one', async () => {
    const { scores, labels } = items(30, 30);
    const { summary } = await judged(program, scores, labels);
    expect(summary.corrected).toBeUndefined();
    expect(summary.calibration.agreement.items).toBe(30);
  });

  it('show of a jury how far each of its judges is off', async () => {
    const { scores, labels } = items(60, 30);
    const { summary } = await judged(
      { kind: 'jury', label: 'Both', judges: [program, equal] },
      scores,
      labels,
    );
    const [first, second] = summary.judges;
    const mean = (first.calibration.bias + second.calibration.bias) / 2;
    expect(summary.calibration.bias).toBeCloseTo(mean, 10);
    expect(second.calibration.bias).toBeLessThan(0);
  });

  it('are no measure of people themselves', async () => {
    const { scores, labels } = items(60, 30);
    expect((await judged(people, scores, labels)).summary).not.toHaveProperty('labelled');
    const jury = { kind: 'jury', label: 'Both', judges: [program, people] };
    expect((await judged(jury, scores, labels)).summary).not.toHaveProperty('labelled');
  });
});
