import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StageError } from '../../../src/contract/stage-context.ts';
import { judge } from '../../../src/stages/judge/judge.ts';
import type { Judge } from '../../../src/stages/judge/judge-contract.ts';
import { runJudge } from '../../../src/stages/judge/run-judge.ts';
import { freshDirectory, removeDirectories, runStage, type StageRunOptions } from '../run-stage.ts';
import { scoresOf } from './scores-of.ts';

afterEach(removeDirectories);

/** Scores a response by its length, measured with a ruler; what it has measured is kept for that ruler. */
class LengthJudge implements Judge {
  readonly #ruler: string;
  readonly #longest: number;
  /** Lengths of the responses that it measured, in order. */
  readonly measured: number[] = [];
  closed = 0;

  constructor(ruler: string, longest = 100) {
    this.#ruler = ruler;
    this.#longest = longest;
  }

  describe = () => ({ kind: 'length', label: 'Length', language_model: false });

  begin: Judge['begin'] = async ({ memo }) => ({
    judge: async ({ model_response: { length } }, index) => {
      const half = await memo({ ruler: this.#ruler, length }, async () => {
        if (length > this.#longest) throw new StageError(`The ruler ends at ${this.#longest}.`);
        this.measured.push(length);
        return length / 2;
      });
      if (length === 0) return { index, score: null, reason: 'there is nothing to measure' };
      return { index, score: length, half };
    },
    close: async () => {
      this.closed++;
    },
  });
}

let responses: string;
beforeEach(() => {
  responses = join(freshDirectory(), 'responses.json');
  const texts = ['a', '', 'ccc'].map((model_response) => ({
    instruction: '?',
    input: '',
    output: '',
    model_response,
  }));
  writeFileSync(responses, JSON.stringify(texts));
});

const read = (path: string | undefined) => JSON.parse(readFileSync(path!, 'utf8'));

/** Runs the stage with this judge instead of the one that its settings name. */
const runWith = (another: Judge, options: StageRunOptions = {}) =>
  runStage(
    { ...judge, run: (context) => runJudge([another], context) },
    {
      with: { judge: { kind: 'reference', label: 'not asked', metric: 'rouge_l' } },
      inputs: { responses },
      ...options,
    },
  );

describe('another kind of judge, which the stage knows by the interface alone', () => {
  it('gives its scores with measures of its own, and a reason where there is none', async () => {
    const { outputs } = await runWith(new LengthJudge('wood'));
    expect(scoresOf(outputs.scores)).toEqual([
      { index: 0, score: 1, half: 0.5 },
      { index: 1, score: null, reason: 'there is nothing to measure' },
      { index: 2, score: 3, half: 1.5 },
    ]);
  });

  it('is named in the summary', async () => {
    const { outputs } = await runWith(new LengthJudge('wood'));
    expect(read(outputs.summary)).toMatchObject({
      judge: { kind: 'length', label: 'Length', language_model: false },
      items: 3,
      mean: 2,
    });
  });

  it('has the mean of its scores reported while it works', async () => {
    const { events } = await runWith(new LengthJudge('wood'));
    const progress = events.flatMap((event) => (event.type === 'progress' ? [event] : []));
    expect(progress.map(({ done, metrics }) => [done, metrics?.mean_score])).toEqual([
      [0, undefined],
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
  });

  describe('that failed', () => {
    let itemsDirectory: string;
    beforeEach(async () => {
      itemsDirectory = join(freshDirectory(), 'items');
      const logs: string[] = [];
      const another = new LengthJudge('wood', 2);
      const failing = runWith(another, {
        itemsDirectory,
        onEvent: (event) => event.type === 'log' && logs.push(event.message),
      });
      await expect(failing).rejects.toThrow('The ruler ends at 2.');
      expect(logs).toEqual(['2 of 3 items are judged, and their answers are kept']);
      expect(another.closed).toBe(1);
    });

    it('continues after the items that it had finished', async () => {
      const next = new LengthJudge('wood');
      const { outputs } = await runWith(next, { itemsDirectory });
      expect(next.measured).toEqual([3]);
      expect(read(outputs.summary)).toMatchObject({ items: 3, mean: 2 });
    });

    it('judges every item again if they were kept for something else', async () => {
      const next = new LengthJudge('steel');
      await runWith(next, { itemsDirectory });
      expect(next.measured).toEqual([1, 0, 3]);
    });
  });

  it('judges the one response that has changed', async () => {
    const itemsDirectory = join(freshDirectory(), 'items');
    await runWith(new LengthJudge('wood'), { itemsDirectory });
    const changed = read(responses);
    changed[1].model_response = 'four';
    writeFileSync(responses, JSON.stringify(changed));
    const next = new LengthJudge('wood');
    await runWith(next, { itemsDirectory });
    expect(next.measured).toEqual([4]);
  });
});
