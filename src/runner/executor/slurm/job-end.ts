import { constants } from 'node:os';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import type { StageResult } from '../../../contract/attempt/result.ts';
import type { SlurmProfile } from '../../../contract/executor/slurm-profile.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import { displaced, failed } from '../attempt-result.ts';
import type { AttemptResult } from '../executor.ts';
import { explainJobExit, JOB_EXIT } from '../job-script.ts';
import { describeDeath } from '../process-death.ts';
import type { JobFacts } from './job-facts.ts';
import { isTakenAway } from './job-state.ts';
import { requestOf } from './sbatch-options.ts';

/** Slurm's own code of a job that its node could not start: ExitCode=0:53, Reason=JobLaunchFailure (22.05). */
const NOT_LAUNCHED = 53;

/** What is known of an attempt that left no result. */
export interface EndedJob {
  readonly job: string;
  /** As squeue showed it. */
  readonly state: string;
  readonly facts: JobFacts | undefined;
  readonly attemptDirectory: string;
  readonly log: string;
  readonly host: string;
  readonly stage: Stage;
  readonly profile: SlurmProfile;
}

/** What came of an attempt whose job has ended, and that left no result of its own. */
export async function endWithoutResult(ended: EndedJob): Promise<AttemptResult> {
  const { job, facts, log, attemptDirectory, profile } = ended;
  const state = facts?.state ?? ended.state;
  const { minutes } = requestOf(ended.stage, profile);
  if (isTakenAway(state) || (facts?.exitCode === JOB_EXIT.begun && facts.signal === 0))
    return displaced({ message: `job ${job} lost its machine (${words(state, facts)})` });
  if (facts?.signal === NOT_LAUNCHED) {
    return failed({
      message: `job ${job} could not be started on its machine (${words(state, facts)})`,
      hint: 'The log of slurmd on that machine says why. `retries` of the stage has it tried again.',
    });
  }
  const own = facts && explainJobExit(facts.exitCode, { attemptDirectory, log, host: ended.host });
  if (own) return failed(own);
  switch (state) {
    case 'OUT_OF_MEMORY':
      return outOfMemory(ended);
    case 'TIMEOUT':
    case 'DEADLINE':
      return failed({
        message: `job ${job} took longer than its time limit${minutes === undefined ? ', that of the partition,' : ` of ${minutes} min`} and Slurm ended it`,
        hint: 'Raise `timeout` of the stage, or `time` of the executor; checkpoints and finished items are kept, and the next run continues from them.',
      });
    case 'CANCELLED':
      return failed({
        message: `job ${job} was cancelled in Slurm by somebody else than this run`,
        hint: 'Run the same command again: checkpoints and finished items are kept.',
      });
    default:
      return failed(await death(ended));
  }
}

/**
 * What came of an attempt that took too much memory. Where only one of its programs was ended for that, the stage reports a
 * failure of its own (`reported`), which cannot know why.
 */
export function outOfMemory(
  { job, stage, profile }: Pick<EndedJob, 'job' | 'stage' | 'profile'>,
  reported?: string,
): StageResult {
  const { memory } = requestOf(stage, profile);
  const ended = reported === undefined ? 'Slurm ended it' : `a program of it was ended for that: ${reported}`;
  return failed({
    message: `job ${job} took more memory than the ${memory} MiB that it had, and ${ended}`,
    hint: 'Raise `resources.memory` of the stage, or try a smaller batch or a smaller model.',
  });
}

async function death({
  job,
  facts,
  log,
  attemptDirectory,
}: EndedJob): Promise<{ readonly message: string; readonly hint: string }> {
  const { result } = attemptFiles(attemptDirectory);
  const exit = { exitCode: facts?.exitCode, signal: signalName(facts?.signal ?? 0) };
  const { message, hint } = await describeDeath(exit, log, result);
  const hinted = exit.signal === 'SIGKILL' ? 'Was it out of memory? Raise `resources.memory`.' : hint;
  return {
    message: facts === undefined ? `${message} (Slurm no longer knows job ${job})` : `job ${job}: ${message}`,
    hint: hinted,
  };
}

function signalName(signal: number): string | undefined {
  if (signal === 0) return undefined;
  const known = Object.entries(constants.signals).find(([, number]) => number === signal);
  return known?.[0] ?? `signal ${signal}`;
}

function words(state: string, facts: JobFacts | undefined): string {
  const reason = facts?.reason;
  return reason === undefined || reason === 'None' ? state : `${state}, ${reason}`;
}
