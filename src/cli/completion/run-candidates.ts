import { join } from 'node:path';
import { listRuns } from '../../runner/events/run-store.ts';
import { taggedRuns } from '../../runner/events/run-tags.ts';
import type { Candidate } from './candidate.ts';

/** Newer runs than these are hardly looked for by their ids. */
const MOST_RUNS = 50;

/** Whatever names a run: `last`, tags, and ids, the newest first. */
export async function runs(artifacts: string): Promise<readonly Candidate[]> {
  const ids = await listRuns(join(artifacts, 'runs'));
  const latest: Candidate[] = ids.length === 0 ? [] : [{ value: 'last', about: 'the newest run' }];
  return [...latest, ...(await tags(artifacts)), ...ids.slice(0, MOST_RUNS).map((value) => ({ value }))];
}

export async function tags(artifacts: string): Promise<readonly Candidate[]> {
  const tagged = await taggedRuns(artifacts);
  return [...tagged].flatMap(([run, names]) => names.map((value) => ({ value, about: run })));
}
