import { basename, join } from 'node:path';
import type { Stage } from '../../pipeline/pipeline.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { endingsOf, type StoredRun, stagesOfRun } from '../../runner/events/stored-run.ts';
import type { Workspace } from '../../runner/workspace.ts';

type StageStarted = Extract<StoredRun['events'][number], { type: 'stage-started' }>;

/** An attempt at a stage, and where its standard output and error are. */
export interface LoggedAttempt {
  readonly run: string;
  /** Id of the stage in that run. */
  readonly stage: string;
  readonly attempt: number;
  readonly action: string;
  readonly log: string;
}

/** What stored runs know of a stage's last attempt. */
export type Found =
  | { readonly attempt: LoggedAttempt }
  /** The newest run has not come to the stage. */
  | { readonly pending: StoredRun }
  /** The result was taken from the cache, and no stored run has made it. */
  | { readonly madeElsewhere: string }
  | undefined;

/**
 * The last attempt at a stage in runs of this pipeline; of a hit the one that made the result, in whatever run and under
 * whatever name. With `mayWait`, a run that has not ended and has not come to the stage counts.
 */
export async function findAttempt(
  pipeline: string,
  { id }: Pick<Stage, 'id'>,
  { runsDirectory }: Workspace,
  mayWait: (run: StoredRun) => boolean,
): Promise<Found> {
  let action: string | undefined;
  for (const name of await listRuns(runsDirectory)) {
    const run = await readRun(runsDirectory, name);
    if (run === undefined) continue;
    if (action !== undefined) {
      const made = attemptsOf(run, runsDirectory).findLast(
        (attempt) => attempt.action === action && endingsOf(run).get(attempt.stage)?.outcome === 'ran',
      );
      if (made) return { attempt: made };
      continue;
    }
    if (run.about.pipeline !== pipeline || !stagesOfRun(run).some(({ stage }) => stage === id)) continue;
    const attempt = attemptsOf(run, runsDirectory).findLast(({ stage }) => stage === id);
    if (attempt) return { attempt };
    const ending = endingsOf(run).get(id);
    if (ending === undefined && mayWait(run)) return { pending: run };
    if (ending?.outcome === 'hit') action = ending.action;
  }
  return action === undefined ? undefined : { madeElsewhere: action };
}

/** The attempts of a run, in the order in which they started. */
function attemptsOf(run: StoredRun, runsDirectory: string): readonly LoggedAttempt[] {
  return run.events.flatMap((event) =>
    event.type === 'stage-started' ? [loggedAttempt(event, run.about.run, runsDirectory)] : [],
  );
}

/** The log is where the runs are now, wherever they were when it was written. */
export function loggedAttempt(
  { stage, attempt, action, log }: StageStarted,
  run: string,
  runsDirectory: string,
): LoggedAttempt {
  return { run, stage, attempt, action, log: join(runsDirectory, run, 'logs', basename(String(log))) };
}
