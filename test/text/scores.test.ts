import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreStatistics } from '../../src/statistics/mean/score-statistics.ts';
import {
  type Judgement,
  readScoreSummary,
  readScores,
  writeScoreSummary,
  writeScores,
} from '../../src/text/scores.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-scores-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const written = (value: unknown) => {
  const path = join(folder, 'written.json');
  writeFileSync(path, JSON.stringify(value));
  return path;
};

const judgements: Judgement[] = [
  { index: 0, score: 85, reply: '85', rationale: 'Well done.' },
  { index: 1, score: null, reason: 'the reply is empty', reply: '' },
];

describe('a scores file', () => {
  it('gives back what was written', async () => {
    const path = join(folder, 'scores.json');
    await writeScores(path, judgements);
    expect(await readScores(path, 'scores')).toEqual(judgements);
  });

  it('has an element a response, with fields one a line and a line feed at its end', async () => {
    const path = join(folder, 'scores.json');
    await writeScores(path, [{ index: 0, score: 7 }]);
    expect(readFileSync(path, 'utf8')).toBe('[\n  {\n    "index": 0,\n    "score": 7\n  }\n]\n');
  });

  it('of somebody else may leave out the indices, and have measures of its own', async () => {
    expect(await readScores(written([{ score: 1 }, { score: 2, bleu: 3 }]), 'scores')).toEqual([
      { index: 0, score: 1 },
      { index: 1, score: 2, bleu: 3 },
    ]);
  });

  it.each([
    [{}, 'the top: must be array'],
    [['7'], '/0: must be object'],
    [[{ score: 101 }], '/0/score: must be <= 100'],
    [[{ score: 1 }, { index: 1 }], '/1: must have required properties score'],
    [[{ score: 1, reply: 1 }], '/0/reply: must be string'],
  ])('%j is none', async (value, fault) => {
    await expect(readScores(written(value), 'baseline_scores')).rejects.toMatchObject({
      name: 'StageError',
      message: `Input baseline_scores is not what a judge writes: at ${fault}.`,
    });
  });
});

describe('a summary file', () => {
  it('gives back what was written', async () => {
    const judge = { kind: 'ollama', label: 'Llama', language_model: true, model: 'llama3' };
    const summary = { judge, ...scoreStatistics(judgements) };
    const path = join(folder, 'summary.json');
    await writeScoreSummary(path, summary);
    expect(await readScoreSummary(path, 'summary')).toEqual(summary);
  });

  it('without who judged is none', async () => {
    await expect(readScoreSummary(written(scoreStatistics(judgements)), 'summary')).rejects.toThrow(
      'Input summary is not what a judge writes: at the top: must have required properties judge.',
    );
  });
});
