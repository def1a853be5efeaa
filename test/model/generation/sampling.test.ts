import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Candidates,
  candidates,
  pick,
  type SamplingOptions,
} from '../../../src/model/generation/sampling.ts';

interface Case extends Candidates {
  readonly scores: number[];
  readonly settings: SamplingOptions;
}

const CASES = JSON.parse(
  readFileSync(new URL('../../golden/sampling.json', import.meta.url), 'utf8'),
) as readonly Case[];

const scores = fc
  .array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 })
  .map((values) => Float32Array.from(values, (value) => value / 50));
const options: fc.Arbitrary<SamplingOptions> = fc.record(
  {
    temperature: fc.double({ min: 0.05, max: 5, noNaN: true }),
    topK: fc.integer({ min: 1, max: 80 }),
    topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
  },
  { requiredKeys: ['temperature'] },
);
const sum = (numbers: readonly number[]) => numbers.reduce((total, x) => total + x, 0);

describe('the candidates for the next token', () => {
  it.each(CASES)(
    "are those of transformers' processors: $settings",
    ({ scores, settings, tokens, probabilities }) => {
      const found = candidates(Float32Array.from(scores), settings);
      expect(found.tokens).toEqual(tokens);
      const furthest = Math.max(...found.probabilities.map((p, i) => Math.abs(p - probabilities[i]!)));
      expect(furthest).toBeLessThan(1e-6);
    },
  );

  it('are never none, include a likeliest token, and have probabilities that sum to 1', () => {
    fc.assert(
      fc.property(scores, options, (scores, options) => {
        const { tokens, probabilities } = candidates(scores, options);
        expect(tokens.map((token) => scores[token])).toContain(Math.max(...scores));
        expect(sum(probabilities)).toBeCloseTo(1, 9);
      }),
    );
  });

  it('are at most k where no scores are equal, and no less likely than any that is left out', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(distinct, options, (values, options) => {
        const scores = Float32Array.from(values, (value) => value / 50);
        const { tokens } = candidates(scores, options);
        expect(tokens.length).toBeLessThanOrEqual(options.topK ?? scores.length);
        const least = Math.min(...tokens.map((token) => scores[token]!));
        expect([...scores].filter((score) => score >= least)).toHaveLength(tokens.length);
      }),
    );
  });

  it('of top-p are the fewest whose probabilities reach p', () => {
    fc.assert(
      fc.property(scores, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (scores, topP) => {
        const all = candidates(scores, { temperature: 1 });
        const mass = candidates(scores, { temperature: 1, topP }).tokens.map(
          (token) => all.probabilities[token]!,
        );
        expect(sum(mass)).toBeGreaterThan(topP - 1e-9);
        expect(sum(mass) - Math.min(...mass)).toBeLessThan(topP + 1e-9);
      }),
    );
  });
});

describe('drawing one of them', () => {
  it('takes each for a share of the numbers in [0, 1) that is its probability', () => {
    const found = candidates(Float32Array.of(1, -1, 2, 0.5, -3), { temperature: 1.3, topK: 4 });
    const draws = 10_000;
    const counts = new Map<number, number>();
    for (let i = 0; i < draws; i++) {
      const token = pick(found, (i + 0.5) / draws);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    expect([...counts.keys()]).toEqual(found.tokens);
    for (const [i, count] of [...counts.values()].entries())
      expect(Math.abs(count / draws - found.probabilities[i]!)).toBeLessThan(1 / draws);
  });

  it('takes the last where rounding leaves the sum below the number that was drawn', () => {
    expect(pick({ tokens: [3, 8], probabilities: [0.5, 0.5 - 2 ** -50] }, 1 - 2 ** -53)).toBe(8);
  });
});
