import { dirname } from 'node:path';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { taggedRun } from '../../runner/events/run-tags.ts';
import type { StoredRun } from '../../runner/events/stored-run.ts';
import type { Workspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { UserError } from '../user-error.ts';

/**
 * A stored run by its id, by the end of it if only one ends so, or by a tag; `last` is the newest. Throws a UserError for
 * none.
 */
export async function runNamed(name: string, { runsDirectory }: Workspace): Promise<StoredRun> {
  const ids = await listRuns(runsDirectory);
  const tagged = taggedRun(dirname(runsDirectory), name);
  const found =
    name === 'last'
      ? ids.slice(0, 1)
      : ids.filter((id) => id === name || id === tagged || (tagged === undefined && id.endsWith(`-${name}`)));
  if (found.length === 0)
    throw new UserError(`there is no run \`${name}\` in ${runsDirectory}`, 'pipe runs lists the runs');
  if (found.length > 1)
    throw new UserError(`\`${name}\` is the end of ${found.length} runs`, `name one of ${found.join(', ')}`);
  const run = await readRun(runsDirectory, found[0]!, (message) => show(process.stderr, message));
  if (run === undefined)
    throw new UserError(`the run ${found[0]} cannot be read`, 'pipe runs lists the others');
  return run;
}
