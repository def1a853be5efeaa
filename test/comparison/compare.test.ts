import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/comparison/candidate.ts';
import { compare } from '../../src/comparison/compare.ts';
import type { Json } from '../../src/contract/json.ts';
import type { Metric } from '../../src/contract/metric.ts';
import { Mt19937 } from '../../src/statistics/random/mt19937.ts';

const score: Metric = {
  name: 'score',
  description: 'Mean score.',
  unit: 'points',
  better: 'higher',
  scale: { low: 0, high: 100 },
  output: 'scores',
  read: () => Promise.reject(new Error('not read here')),
};
const loss: Metric = { ...score, name: 'loss', unit: 'nats', better: 'lower' };

/** A candidate with the scores of its items, and a loss beside. */
function candidate(
  name: string,
  scores: readonly (number | null)[],
  more: { parameters?: Record<string, Json>; loss?: number; engines?: readonly string[] } = {},
): Candidate {
  const items = new Map(scores.map((value, index) => [`question ${index}`, value]));
  const scored = scores.filter((value) => value !== null);
  const value = scored.length === 0 ? null : scored.reduce((sum, one) => sum + one, 0) / scored.length;
  return {
    name,
    parameters: more.parameters ?? { name },
    measurements: [
      { stage: 'train', metric: loss, measured: { value: more.loss ?? 1 } },
      { stage: 'judge', metric: score, measured: { value, items } },
    ],
    milliseconds: 1000,
    engines: more.engines ?? [],
  };
}

const around = (mean: number, spread: number) =>
  Array.from({ length: 40 }, (_, index) => mean + spread * ((index % 5) - 2));
const names = (candidates: readonly Candidate[], options = {}) =>
  compare(candidates, options).rows.map(({ name }) => name);

describe('a comparison', () => {
  it('puts the best first, by the last metric with items, and what was not measured last', () => {
    const all = [
      candidate('low', around(30, 2)),
      candidate('none', [null, null]),
      candidate('high', around(60, 2)),
    ];
    expect(compare(all, {}).metric).toBe('judge.score');
    expect(names(all)).toEqual(['high', 'low', 'none']);
    expect(compare(all, {}).notes).toContain('without judge.score: none');
  });

  it('sorts by the metric that is asked for, in its own direction', () => {
    const all = [candidate('a', around(30, 2), { loss: 0.5 }), candidate('b', around(60, 2), { loss: 0.7 })];
    expect(names(all, { metric: 'train.loss' })).toEqual(['a', 'b']);
    expect(names(all, { metric: 'loss' })).toEqual(['a', 'b']);
    expect(compare(all, { metric: 'loss' }).verdict).toContain('one number for each');
    expect(() => compare(all, { metric: 'nothing' })).toThrow('train.loss, judge.score');
  });

  it('shows only parameters that differ', () => {
    const all = [
      candidate('a', around(1, 0), { parameters: { rate: 1, epochs: 2, seed: 3 } }),
      candidate('b', around(1, 0), { parameters: { rate: 1, epochs: 5 } }),
    ];
    expect(compare(all, {}).parameters).toEqual(['epochs', 'seed']);
  });

  it('calls one the best only where it is shown to be better than every other', () => {
    const clear = compare(
      [candidate('a', around(30, 2)), candidate('b', around(60, 3)), candidate('c', around(40, 4))],
      {},
    );
    expect(clear.rows.map(({ best }) => best)).toEqual([true, false, false]);
    expect(clear.verdict).toMatch(/^compared with c, b is better by 20/);

    const unclear = compare(
      [
        candidate('a', around(50, 20)),
        candidate('b', around(50, 20).reverse()),
        candidate('c', around(10, 2)),
      ],
      {},
    );
    expect(unclear.rows.some(({ best }) => best)).toBe(false);
    expect(unclear.verdict).toMatch(/is not shown to be better than .: no difference shown/);
  });

  it('compares each with a baseline, and says for each what came of it', () => {
    const all = [
      candidate('old', around(40, 2)),
      candidate('new', around(60, 3)),
      candidate('same', around(40, 2)),
    ];
    const { rows, verdict } = compare(all, { baseline: 'old' });
    expect(Object.fromEntries(rows.map(({ name, difference }) => [name, difference?.finding]))).toEqual({
      new: 'better',
      old: undefined,
      same: 'not shown',
    });
    expect(verdict.split('\n')).toEqual([
      expect.stringMatching(/^compared with old: new is better by 20/),
      expect.stringMatching(/^compared with old: no difference shown/),
    ]);
    expect(() => compare(all, { baseline: 'none' })).toThrow('is not among what is compared: old, new, same');
  });

  it('pairs items by their questions, whatever their order, and tells of those that have no partner', () => {
    const items = (order: readonly number[]) => new Map(order.map((question) => [`q${question}`, question]));
    const of = (name: string, order: readonly number[]): Candidate => ({
      ...candidate(name, []),
      measurements: [{ stage: 'judge', metric: score, measured: { value: 50, items: items(order) } }],
    });
    const { rows, notes } = compare([of('a', [1, 2, 3, 4]), of('b', [4, 2, 1, 9])], {});
    expect(rows[1]!.difference).toMatchObject({ items: 3, unpaired: 2, greater: 0, equal: 3, smaller: 0 });
    expect(notes).toEqual(['b and a have 3 items in common; 2 have a value on one side at most']);
  });

  it('flags results that different engines computed', () => {
    const all = [
      candidate('a', [1], { engines: ['webgpu'] }),
      candidate('b', [1], { engines: ['onnxruntime'] }),
    ];
    expect(compare(all, {}).notes).toContain('computed by different engines: webgpu, onnxruntime');
  });

  it('is the same whatever the order in which it gets its candidates', () => {
    const all = [30, 45, 60].map((mean) => candidate(String(mean), around(mean, mean / 10)));
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 3 }), (shuffled) => {
        const [one, other] = [compare(all, {}), compare(shuffled, {})];
        expect(other.rows).toEqual(one.rows);
        expect(other.verdict).toBe(one.verdict);
      }),
      { numRuns: 10 },
    );
  });

  it('has nothing to say of one, or of none', () => {
    expect(compare([candidate('a', around(1, 1))], {}).verdict).toBe('there is nothing to compare with');
    expect(compare([], {})).toMatchObject({ rows: [], verdict: 'nothing was measured' });
  });
});

describe('of five settings that are equally good', () => {
  it('one is called better than another in no more than 5 % of experiments, although the best is chosen by its score', () => {
    const random = Mt19937.seeded(11);
    const uniform = () => random.next32() / 2 ** 32;
    const EXPERIMENTS = 200;
    let wrong = 0;
    for (let experiment = 0; experiment < EXPERIMENTS; experiment++) {
      const difficulty = Array.from({ length: 30 }, () => 100 * uniform());
      const all = Array.from({ length: 5 }, (_, index) =>
        candidate(
          `variant ${index}`,
          difficulty.map((value) => Math.min(100, Math.max(0, value + 40 * (uniform() - 0.5)))),
        ),
      );
      if (compare(all, {}).rows.some(({ difference }) => difference?.finding === 'worse')) wrong++;
    }
    // 5 % and three standard deviations of the count; without the correction it is over 20 %.
    expect(wrong / EXPERIMENTS).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / EXPERIMENTS));
  }, 120_000);
});
