import { describe, expect, it } from 'vitest';
import { evaluationsIn, stopsEarly } from '../../../src/training/state/early-stopping.ts';
import type { Evaluation } from '../../../src/training/state/history.ts';

const history = (...losses: number[]): Evaluation[] =>
  losses.map((validationLoss, index) => ({
    updates: index,
    epoch: index,
    tokensSeen: index,
    trainLoss: 1,
    validationLoss,
    learningRate: null,
    gradNorm: null,
  }));

/** After how many evaluations a training with these losses stops. */
function stopsAfter(losses: readonly number[], patience: number, minDelta = 0): number | undefined {
  const counts = losses.map((_, index) => index + 1);
  return counts.find((count) => stopsEarly(history(...losses.slice(0, count)), { patience, minDelta }));
}

describe('stopsEarly', () => {
  it('waits for as many evaluations without an improvement as its patience is', () => {
    const losses = [4, 3, 2, 2.5, 2.4, 2.3, 2.2];
    expect(stopsAfter(losses, 1)).toBe(4);
    expect(stopsAfter(losses, 3)).toBe(6);
    expect(stopsAfter(losses, 5)).toBeUndefined();
  });

  it('counts anew after each improvement', () => {
    expect(stopsAfter([4, 5, 3, 5, 2, 5, 5, 1], 2)).toBe(7);
  });

  it('takes neither an equal loss for an improvement nor one that is lower by less than min_delta', () => {
    expect(stopsAfter([4, 4, 4], 2)).toBe(3);
    expect(stopsAfter([4, 3.75, 3.5, 3.25, 3], 2, 0.5)).toBe(3);
    expect(stopsAfter([4, 3.75, 3.25, 3, 2.5], 2, 0.5)).toBeUndefined();
  });
});

describe('evaluationsIn', () => {
  it('counts those after the first update and then every so many', () => {
    expect([0, 1, 5, 6, 10, 11].map((updates) => evaluationsIn(updates, 5))).toEqual([0, 1, 1, 2, 2, 3]);
  });
});
