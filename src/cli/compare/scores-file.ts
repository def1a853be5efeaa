import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Candidate } from '../../comparison/candidate.ts';
import { mainMetric, metricsOf } from '../../comparison/metrics.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { Metric } from '../../contract/metric.ts';
import { score } from '../../stages/judge/score-metric.ts';
import { UserError } from '../user-error.ts';

/** Enough for a byte order mark and what stands before the first value. */
const BEGINNING_BYTES = 64;

/** Whether a path is a file of scores: it begins as a JSON list, and no pipeline does. */
export function isScoresFile(path: string): boolean {
  if (!(statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)) return false;
  const file = openSync(path, 'r');
  try {
    const beginning = Buffer.alloc(BEGINNING_BYTES);
    const length = readSync(file, beginning);
    return beginning.toString('utf8', 0, length).replace('\uFEFF', '').trimStart().startsWith('[');
  } finally {
    closeSync(file);
  }
}

/**
 * Scores in a file, such as a baseline that is kept in git, as something to compare `others` with: by the metric that
 * decides there. Throws a UserError for what cannot be read, an UnknownNameError for a metric that is not there.
 */
export async function scoresCandidate(
  path: string,
  others: readonly Candidate[],
  wanted: string | undefined,
): Promise<Candidate> {
  const main = others.length === 0 ? undefined : mainMetric(metricsOf(others), wanted);
  const { stage, metric }: { stage: string; metric: Metric } = main ?? { stage: 'judge', metric: score };
  try {
    const measured = await metric.read(path);
    const measurements = [{ stage, metric, measured }];
    return { name: path, parameters: {}, measurements, milliseconds: 0, engines: [] };
  } catch (error) {
    throw new UserError(`${path} cannot be compared by ${stage}.${metric.name}: ${messageOf(error)}`);
  }
}
