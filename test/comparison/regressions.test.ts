import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/comparison/candidate.ts';
import { compare } from '../../src/comparison/compare.ts';
import { regressions } from '../../src/comparison/regressions.ts';
import { score } from '../../src/stages/judge/score-metric.ts';

/** A candidate with these scores of question 0, 1, 2… */
function scored(name: string, scores: readonly (number | null)[]): Candidate {
  const items = new Map(scores.map((value, index) => [`q${index}`, value]));
  const values = scores.filter((value) => value !== null);
  const mean = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  const measurements = [{ stage: 'judge', metric: score, measured: { value: mean, items } }];
  return { name, parameters: {}, measurements, milliseconds: 0, engines: [] };
}

const base = Array.from({ length: 60 }, (_, index) => 40 + (index % 20));
const ANY = { by: 0, errorRate: 0.05 };
const found = (other: readonly (number | null)[], tolerance = ANY) =>
  regressions(compare([scored('main', base), scored('new', other)], { baseline: 'main' }), 'main', tolerance);

describe('a comparison with a baseline', () => {
  it('does not pass where the scores are shown to be worse', () => {
    const worse = base.map((value, index) => value - 3 - (index % 3));
    expect(found(worse)).toEqual([
      expect.stringMatching(/^compared with main: new is worse by 4\.00 \(95 % /),
    ]);
  });

  it('passes where they are worse by no more than is allowed', () => {
    const worse = base.map((value, index) => value - 3 - (index % 3));
    expect(found(worse, { ...ANY, by: 3.9 })).toHaveLength(1);
    expect(found(worse, { ...ANY, by: 4 })).toEqual([]);
  });

  it('passes where that they are worse is less sure than is asked', () => {
    // Two of three items lose a point, the third wins one: p is 0.01.
    const unsure = base.map((value, index) => value + (index % 3 === 0 ? 1 : -1));
    expect(found(unsure)).toEqual([expect.stringContaining('p = 0.01')]);
    expect(found(unsure, { ...ANY, errorRate: 0.02 })).toHaveLength(1);
    expect(found(unsure, { ...ANY, errorRate: 0.01 })).toEqual([]);
  });

  it('passes where no difference is shown, or they are better', () => {
    expect(found(base.map((value, index) => value + (index % 2 === 0 ? 9 : -9.5)))).toEqual([]);
    expect(found(base.map((value) => value + 5))).toEqual([]);
  });

  it('does not pass where nothing can be compared', () => {
    expect(found(base.map(() => null))).toEqual([
      'new cannot be compared with main: no item has a judge.score on both sides',
    ]);
    const alone = compare([scored('main', base)], { baseline: 'main' });
    expect(regressions(alone, 'main', ANY)).toEqual(['there is nothing to compare with main']);
    const empty = { ...scored('new', []), measurements: [] };
    const nothing = compare([{ ...empty, name: 'main' }, empty], { baseline: 'main' });
    expect(regressions(nothing, 'main', ANY)).toEqual([
      'new cannot be compared with main: nothing was measured',
    ]);
  });
});
