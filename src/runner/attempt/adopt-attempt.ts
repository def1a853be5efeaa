import { readFile } from 'node:fs/promises';
import { type Attempt, claimAttempt, listAttempts } from '../../cache/work-directory.ts';
import { attemptFiles } from '../../contract/attempt/attempt-files.ts';
import { SPEC_VERSION, type StageSpec } from '../../contract/attempt/spec.ts';
import { orAbsent } from '../../files/system-problem.ts';
import type { AttemptHandle, Surroundings } from '../executor/executor.ts';
import type { Executors } from '../executor/executors.ts';
import { readSubmission } from '../executor/submission.ts';
import type { StageOrder } from './stage-order.ts';

/** An attempt that an earlier runner handed in to other machines, and that goes on there or is done. */
export interface AdoptedAttempt {
  readonly attempt: Attempt;
  readonly spec: StageSpec;
  readonly handle: AttemptHandle;
  /** The log file that it writes. */
  readonly log: string;
}

/**
 * Looks for an attempt to go on with, newest first, where the stage's executor is of the kind that the attempt was handed
 * in to; somebody who has chosen another kind wants it to run there. The lock of the action is held, so whoever handed it in
 * is dead or has given it up.
 */
export async function adoptAttempt(
  { stage, action }: StageOrder,
  surroundings: Omit<Surroundings, 'log'>,
  { workDirectory, executors }: { readonly workDirectory: string; readonly executors: Executors },
): Promise<AdoptedAttempt | undefined> {
  const { executor: profile } = stage.execution;
  if (profile === undefined) return undefined;
  for (const attempt of await listAttempts(workDirectory, action.key)) {
    const submission = await readSubmission(attempt.directory);
    if (submission?.executor.kind !== profile.kind) continue;
    const spec = await readSpec(attempt.directory);
    if (spec === undefined) continue;
    const { log, reference } = submission;
    const executor = await executors.remote(submission.executor);
    const handle = await executor.adopt(spec, reference, { ...surroundings, log });
    if (handle === undefined) continue;
    await claimAttempt(attempt.directory);
    return { attempt, spec, handle, log };
  }
  return undefined;
}

/** The order of an attempt, which this program or an earlier one wrote; undefined where it cannot be understood. */
async function readSpec(directory: string): Promise<StageSpec | undefined> {
  const text = await orAbsent(readFile(attemptFiles(directory).spec, 'utf8'));
  try {
    const spec = JSON.parse(text ?? '') as StageSpec;
    return spec.spec === SPEC_VERSION && spec.attemptDirectory === directory ? spec : undefined;
  } catch {
    return undefined;
  }
}
