import { describe, expect, it } from 'vitest';
import {
  type PairedDifference,
  pairedDifference,
} from '../../../src/statistics/difference/paired-difference.ts';
import { finding, verdict } from '../../../src/statistics/difference/verdict.ts';

const scale = { low: 0, high: 100 };

/** What 110 items gave, and what else matters to a test. */
const pair = (given: Partial<PairedDifference>): PairedDifference => ({
  items: 110,
  unpaired: 0,
  groups: 110,
  difference: 4.1,
  interval: [1.2, 7.04],
  p: 0.0061,
  greater: 60,
  equal: 20,
  smaller: 30,
  smallestDifference: 5.99,
  itemsFor: () => 110,
  ...given,
});
const options = { name: 'epochs=3', better: 'higher' } as const;

describe('the verdict', () => {
  it('says what is better, by how much and how sure that is', () => {
    expect(verdict(pair({}), options)).toBe('epochs=3 is better by 4.1 (95 % 1.2 to 7.0, p = 0.006)');
  });

  it('says what is worse, and by how much without a sign', () => {
    const lost = pair({ difference: -4.1, interval: [-7.04, -1.2] });
    expect(verdict(lost, options)).toBe('epochs=3 is worse by 4.1 (95 % 1.2 to 7.0, p = 0.006)');
  });

  it('knows that a smaller loss is better', () => {
    const losses = pair({ difference: -0.021, interval: [-0.034, -0.0081], p: 0.0001 });
    expect(verdict(losses, { ...options, better: 'lower' })).toBe(
      'epochs=3 is better by 0.021 (95 % 0.008 to 0.034, p < 0.001)',
    );
  });

  it('says what the items can show if no difference is shown', () => {
    const none = pair({ difference: 1, interval: [-3.2, 5.2], p: 0.62 });
    expect(verdict(none, options)).toBe('no difference shown; 110 items can show 6 points');
    expect(verdict({ ...none, groups: 12 }, { ...options, unit: 'nats' })).toBe(
      'no difference shown; 110 items in 12 groups can show 6 nats',
    );
  });

  it.each([
    ['the interval has 0 in it', pair({ interval: [-0.1, 8] })],
    ['the interval ends at 0', pair({ interval: [0, 8] })],
    ['there is no interval', pair({ interval: null })],
    ['the test does not show it', pair({ p: 0.05 })],
  ])('is no difference if %s', (_, unsure) => {
    expect(finding(unsure, options)).toBe('not shown');
  });

  it('counts the p value after the correction', () => {
    const corrected = { p: 0.0305, comparisons: 5 };
    expect(verdict(pair({}), { ...options, corrected })).toBe(
      'epochs=3 is better by 4.1 (95 % 1.2 to 7.0, p = 0.030, corrected for 5 comparisons)',
    );
    expect(finding(pair({}), { ...options, corrected: { p: 0.061, comparisons: 10 } })).toBe('not shown');
  });

  it('says why nothing can be shown', () => {
    const scores = (items: number) => Array.from({ length: items }, (_, item) => 10 * (item % 10));
    const of = (items: number, gain: number) =>
      verdict(
        pairedDifference(
          scores(items).map((score) => score + gain),
          scores(items),
          { scale, seed: 1 },
        ),
        options,
      );
    expect(of(110, 0)).toBe('no difference shown; all 110 items are equal');
    expect(of(5, 4)).toBe('no difference shown; 5 items are too few to show any');
    expect(of(0, 0)).toBe('no difference shown; no item has a value on both sides');
    expect(of(12, 4)).toBe('no difference shown; 12 items all differ by the same');
  });
});
