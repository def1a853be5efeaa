import { endOf, type StoredRun } from '../../runner/events/stored-run.ts';
import type { Workspace } from '../../runner/workspace.ts';
import { variantsOfRun } from '../compare/variants-of-run.ts';
import type { RunLine } from '../json-shapes/runs.ts';

/** What there is to say of a stored run in a list: when, how it ended, of which commit, and what its variants measured. */
export async function runLine(stored: StoredRun, workspace: Workspace): Promise<RunLine> {
  const { run, pipeline, file, started, commit } = stored.about;
  const finished = endOf(stored);
  const tree = stored.events.find((event) => event.type === 'tree-checked');
  const variants = await variantsOfRun('', stored, workspace);
  return {
    ...{ run, pipeline, file, started },
    outcome: finished?.outcome ?? 'unfinished',
    ...(finished && { duration_ms: finished.duration_ms }),
    ...(commit !== undefined && { commit }),
    ...(tree && { clean: tree.clean }),
    variants: variants.map(({ name, parameters, measurements }) => ({
      name: name.trim(),
      parameters,
      metrics: Object.fromEntries(
        measurements.map(({ stage, metric, measured }) => [`${stage}.${metric.name}`, measured.value]),
      ),
    })),
  };
}

/** `1a2b3c4d5e6f`, with a `+` where the tree held more than that commit. */
export function shortCommit({ commit, clean }: Pick<RunLine, 'commit' | 'clean'>): string {
  if (commit === undefined) return '';
  return `${commit.slice(0, 12)}${clean === false ? '+' : ''}`;
}
