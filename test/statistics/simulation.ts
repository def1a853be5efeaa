import { predictionPowered } from '../../src/statistics/agreement/prediction-powered.ts';
import { pairedDifference } from '../../src/statistics/difference/paired-difference.ts';
import { finding } from '../../src/statistics/difference/verdict.ts';
import type { Interval } from '../../src/statistics/mean/interval.ts';
import { meanOf } from '../../src/statistics/mean/mean.ts';
import { Mt19937 } from '../../src/statistics/random/mt19937.ts';
import type { Shape } from './shapes.ts';

export interface Effort {
  readonly experiments: number;
  readonly resamples: number;
}

/** Shares of the experiments, 0 to 1. */
export interface Claims {
  /** The interval of the mean has the true mean in it. */
  readonly coversMean: number;
  /** The interval of the difference has the true difference in it. */
  readonly coversDifference: number;
  /** "Better" or "worse" is said although there is no difference, or the wrong one of the two. */
  readonly saidWrongly: number;
}

/** Simulates experiments of a shape, and counts how often what we say of them is true. */
export function claimsOf(shape: Shape, { experiments, resamples }: Effort): Claims {
  const counts = { coversMean: 0, coversDifference: 0, saidWrongly: 0 };
  for (let seed = 0; seed < experiments; seed++) {
    const { first, second, groups } = shape.draw(uniformNumbers(seed));
    const options = { scale: shape.scale, groups, seed, resamples };
    const scored = [...first.keys()].filter((item) => first[item] !== null);
    const mean = meanOf(
      scored.map((item) => first[item]!),
      { ...options, groups: groups && scored.map((item) => groups[item]!) },
    );
    const pair = pairedDifference(first, second, options);
    const found = finding(pair, { better: 'higher' });
    if (covers(mean.interval, shape.mean)) counts.coversMean++;
    if (covers(pair.interval, shape.difference)) counts.coversDifference++;
    if (found === 'worse' || (found === 'better' && shape.difference === 0)) counts.saidWrongly++;
  }
  return {
    coversMean: counts.coversMean / experiments,
    coversDifference: counts.coversDifference / experiments,
    saidWrongly: counts.saidWrongly / experiments,
  };
}

/** How often a difference is shown that is as large as 110 items are said to show; what was said is taken from one experiment. */
export function powerOf({ experiments, resamples }: Effort): number {
  const pairOf = (seed: number, difference: number) => {
    const uniform = uniformNumbers(seed);
    const noise = Array.from({ length: 110 }, () => 60 * (uniform() - 0.5));
    return pairedDifference(
      noise.map((value) => 50 + difference + value),
      noise.map(() => 50),
      { seed, resamples },
    );
  };
  // The spread is that of the world: 60/√12.
  const told = (2.832 * 60) / Math.sqrt(12 * 110);
  let shown = 0;
  for (let seed = 0; seed < experiments; seed++) {
    if (finding(pairOf(seed, told), { better: 'higher' }) === 'better') shown++;
  }
  return shown / experiments;
}

/** How often PPI++ from 25 labels and 85 scores of a judge covers the mean of the labels; `noise` is the judge's, in points. */
export function coverageOfPredictionPowered(noise: number, { experiments }: Effort): number {
  let covered = 0;
  for (let seed = 0; seed < experiments; seed++) {
    const uniform = uniformNumbers(seed);
    const items = Array.from({ length: 110 }, () => {
      const human = 20 + 60 * uniform();
      return { human, judge: human + 8 + 2 * noise * (uniform() - 0.5) };
    });
    const labelled = items.slice(0, 25);
    const estimate = predictionPowered(
      labelled.map(({ human }) => human),
      labelled.map(({ judge }) => judge),
      items.slice(25).map(({ judge }) => judge),
    );
    if (covers(estimate!.interval, 50)) covered++;
  }
  return covered / experiments;
}

/** Numbers evenly from [0, 1); of a seed that no resampling has, whose draws would be those that made the data. */
function uniformNumbers(seed: number): () => number {
  const generator = Mt19937.seeded(~seed);
  return () => generator.next32() / 2 ** 32;
}

/** No interval claims nothing, so it is never wrong. */
function covers(interval: Interval | null, truth: number): boolean {
  return interval === null || (interval[0] <= truth + 1e-9 && truth <= interval[1] + 1e-9);
}
