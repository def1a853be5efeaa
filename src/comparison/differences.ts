import { holm } from '../statistics/difference/holm.ts';
import { type PairedDifference, pairedDifference } from '../statistics/difference/paired-difference.ts';
import { finding, type VerdictOptions, verdict } from '../statistics/difference/verdict.ts';
import { seedOf } from '../statistics/random/seed.ts';
import type { Candidate, Measurement } from './candidate.ts';
import type { Difference } from './comparison.ts';
import { measurementOf } from './metrics.ts';

/** The difference of each other candidate to the reference, by name; none where a side has no items. */
export function differencesTo(
  reference: Candidate,
  candidates: readonly Candidate[],
  main: Measurement,
  isGiven: boolean,
): ReadonlyMap<string, Difference> {
  const pairs = candidates.flatMap((candidate) => {
    const pair = candidate === reference ? undefined : paired(candidate, reference, main);
    return pair === undefined ? [] : [{ candidate, pair }];
  });
  const ps = pairs.map(({ pair }) => pair.p ?? 1);
  const all = pairs.length + 1;
  const comparisons = isGiven ? pairs.length : (all * (all - 1)) / 2;
  const corrected = isGiven ? holm(ps) : ps.map((p) => Math.min(1, p * comparisons));
  return new Map(
    pairs.map(({ candidate, pair }, index) => {
      const options = {
        name: candidate.name,
        better: main.metric.better,
        unit: main.metric.unit,
        ...(comparisons > 1 && { corrected: { p: corrected[index]!, comparisons } }),
      };
      const { items, unpaired, difference, interval, greater, equal, smaller } = pair;
      return [
        candidate.name,
        {
          to: reference.name,
          ...{ items, unpaired, difference, greater, equal, smaller },
          interval: interval && [...interval],
          p: pair.p === null ? null : corrected[index]!,
          finding: finding(pair, options),
          verdict: isGiven
            ? `compared with ${reference.name}: ${verdict(pair, options)}`
            : bestBeside(reference, candidate, main, options),
        },
      ];
    }),
  );
}

/** What the best one is to another, in a sentence; `options` are those of the other one. */
function bestBeside(best: Candidate, other: Candidate, main: Measurement, options: VerdictOptions): string {
  const pair = paired(best, other, main)!;
  const words = verdict(pair, { ...options, name: best.name });
  return finding(pair, options) === 'not shown'
    ? `${best.name} is not shown to be better than ${other.name}: ${words}`
    : `compared with ${other.name}, ${words}`;
}

/** Values of the same questions, whatever their order; undefined where a side has no items. */
function paired(one: Candidate, other: Candidate, main: Measurement): PairedDifference | undefined {
  const [first, second] = [one, other].map((candidate) => measurementOf(candidate, main)?.measured.items);
  if (first === undefined || second === undefined) return undefined;
  const questions = [...new Set([...first.keys(), ...second.keys()])].sort();
  const values = (items: ReadonlyMap<string, number | null>) =>
    questions.map((question) => items.get(question) ?? null);
  const [ours, theirs] = [values(first), values(second)];
  const { scale } = main.metric;
  return pairedDifference(ours, theirs, {
    scale,
    seed: seedOf(JSON.stringify(ours), JSON.stringify(theirs)),
  });
}
