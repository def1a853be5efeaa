import { meanOf } from '../statistics/mean/mean.ts';
import { seedOf } from '../statistics/random/seed.ts';
import type { Candidate, Measurement } from './candidate.ts';
import type { Comparison, Row, Value } from './comparison.ts';
import { differencesTo } from './differences.ts';
import { mainMetric, measurementOf, metricsOf, qualified, UnknownNameError } from './metrics.ts';

export interface CompareOptions {
  /** `judge.score`, or `score` where one stage has it; the first with items where absent. */
  readonly metric?: string | undefined;
  /** Name of the candidate with which each other one is compared; the best one where absent. */
  readonly baseline?: string | undefined;
}

/**
 * Lays candidates beside each other. With a baseline each is compared with it, and p values are corrected for their
 * number (Holm). Without one the best is compared with each other one: which one that is the data have said, so p values
 * are corrected for all pairs (Bonferroni). Throws an UnknownNameError for a metric or baseline that is not there.
 */
export function compare(candidates: readonly Candidate[], options: CompareOptions): Comparison {
  const metrics = metricsOf(candidates);
  const main = mainMetric(metrics, options.metric);
  const sorted = main === undefined ? [...candidates] : sortedBy(candidates, main);
  const reference = options.baseline === undefined ? sorted[0] : candidateNamed(candidates, options.baseline);
  const pairs =
    main === undefined ? new Map() : differencesTo(reference!, sorted, main, options.baseline !== undefined);
  const rows = sorted.map((candidate): Row => {
    const difference = pairs.get(candidate.name);
    return {
      name: candidate.name,
      parameters: candidate.parameters,
      values: Object.fromEntries(
        candidate.measurements.map((measurement) => [qualified(measurement), shownValue(measurement)]),
      ),
      duration_ms: candidate.milliseconds,
      engines: candidate.engines,
      best: false,
      ...(difference && { difference }),
    };
  });
  const best = bestOf(rows, options.baseline !== undefined);
  return {
    ...(main && { metric: qualified(main) }),
    metrics: [...metrics.values()].map((measurement) => ({
      name: qualified(measurement),
      description: measurement.metric.description,
      unit: measurement.metric.unit,
      better: measurement.metric.better,
    })),
    parameters: differing(candidates),
    rows: rows.map((row) => (row === best ? { ...row, best: true } : row)),
    verdict: verdictOf(rows, main, options.baseline !== undefined),
    notes: notesOf(candidates, main, rows),
  };
}

function candidateNamed(candidates: readonly Candidate[], name: string): Candidate {
  const found = candidates.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const names = candidates.map(({ name }) => name).join(', ');
  throw new UnknownNameError(`the baseline \`${name}\` is not among what is compared: ${names}`);
}

/** The best first; what was not measured comes last. */
function sortedBy(candidates: readonly Candidate[], main: Measurement): Candidate[] {
  const sign = main.metric.better === 'higher' ? -1 : 1;
  const value = (candidate: Candidate) => {
    const measured = measurementOf(candidate, main)?.measured.value ?? null;
    return measured === null ? Number.POSITIVE_INFINITY : sign * measured;
  };
  return [...candidates].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    return a === b ? 0 : a < b ? -1 : 1;
  });
}

function shownValue({ metric, measured }: Measurement): Value {
  const { value, items } = measured;
  if (items === undefined) return { value };
  const values = [...items.values()].filter((item) => item !== null);
  const { interval } = meanOf(values, { scale: metric.scale, seed: seedOf(...values.map(String)) });
  return { value, items: items.size, measured: values.length, interval: interval && [...interval] };
}

/** The first row, if every other one is shown to be worse; with a baseline a row can only be better than that. */
function bestOf(rows: readonly Row[], hasBaseline: boolean): Row | undefined {
  const [first, ...others] = rows;
  if (hasBaseline || first === undefined || others.length === 0) return undefined;
  return others.every(({ difference }) => difference?.finding === 'worse') ? first : undefined;
}

function verdictOf(rows: readonly Row[], main: Measurement | undefined, hasBaseline: boolean): string {
  if (main === undefined) return 'nothing was measured';
  if (rows.length < 2) return 'there is nothing to compare with';
  const compared = rows.filter(({ difference }) => difference !== undefined);
  if (compared.length === 0)
    return `${qualified(main)} is one number for each, so no difference can be shown`;
  const sentences = compared.map(({ difference }) => difference!.verdict);
  return hasBaseline ? sentences.join('\n') : sentences[0]!;
}

/** Names of parameters that do not have the same value everywhere. */
function differing(candidates: readonly Candidate[]): readonly string[] {
  const names = new Set(candidates.flatMap(({ parameters }) => Object.keys(parameters)));
  return [...names].filter(
    (name) => new Set(candidates.map(({ parameters }) => JSON.stringify(parameters[name]))).size > 1,
  );
}

function notesOf(
  candidates: readonly Candidate[],
  main: Measurement | undefined,
  rows: readonly Row[],
): readonly string[] {
  const notes: string[] = [];
  const engines = [...new Set(candidates.flatMap(({ engines }) => engines))];
  if (engines.length > 1) notes.push(`computed by different engines: ${engines.join(', ')}`);
  if (main === undefined) return notes;
  const unmeasured = candidates.filter(
    (candidate) => (measurementOf(candidate, main)?.measured.value ?? null) === null,
  );
  if (unmeasured.length > 0)
    notes.push(`without ${qualified(main)}: ${unmeasured.map(({ name }) => name).join('; ')}`);
  for (const { name, difference } of rows) {
    if (difference === undefined || difference.unpaired === 0) continue;
    notes.push(
      `${name} and ${difference.to} have ${difference.items} items in common; ${difference.unpaired} have a value on one side at most`,
    );
  }
  return notes;
}
