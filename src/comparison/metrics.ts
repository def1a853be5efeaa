import type { Candidate, Measurement } from './candidate.ts';

/** A metric or a candidate was named that is not there. */
export class UnknownNameError extends Error {}

/** The name of a metric in a pipeline: `judge.score`. */
export function qualified({ stage, metric }: Measurement): string {
  return `${stage}.${metric.name}`;
}

/** Every metric of the candidates by its name, in the order of their stages. */
export function metricsOf(candidates: readonly Candidate[]): ReadonlyMap<string, Measurement> {
  const all = candidates.flatMap(({ measurements }) => measurements);
  return new Map(all.map((measurement) => [qualified(measurement), measurement]));
}

/** What stands last is what the pipeline was made for: a judgement after a training. */
export function mainMetric(
  metrics: ReadonlyMap<string, Measurement>,
  wanted: string | undefined,
): Measurement | undefined {
  const all = [...metrics.values()];
  if (wanted === undefined) return all.findLast(({ measured }) => measured.items !== undefined) ?? all.at(-1);
  const found = metrics.get(wanted) ?? onlyOne(all.filter(({ metric }) => metric.name === wanted));
  if (found !== undefined) return found;
  throw new UnknownNameError(
    `there is no metric \`${wanted}\`; there are: ${[...metrics.keys()].join(', ') || 'none'}`,
  );
}

function onlyOne<T>(values: readonly T[]): T | undefined {
  return values.length === 1 ? values[0] : undefined;
}

/** What a candidate measured of a metric. */
export function measurementOf(candidate: Candidate, main: Measurement): Measurement | undefined {
  return candidate.measurements.find((measurement) => qualified(measurement) === qualified(main));
}
