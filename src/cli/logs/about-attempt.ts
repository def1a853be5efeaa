import { relative } from 'node:path';
import type { LoggedAttempt } from './find-attempt.ts';

/** `train, attempt 1 of run 20260101-000000-ab12: artifacts/runs/…/logs/train.1.log`. */
export function aboutAttempt({ stage, attempt, run, log }: LoggedAttempt): string {
  return `${stage}, attempt ${attempt} of run ${run}: ${relative('.', log)}`;
}
