import { readFile } from 'node:fs/promises';
import { attemptFiles } from '../../contract/attempt/attempt-files.ts';
import { parseResult, RESULT_VERSION, type StageResult } from '../../contract/attempt/result.ts';
import { orAbsent } from '../../files/system-problem.ts';
import type { AttemptResult } from './executor.ts';

interface Problem {
  readonly message: string;
  readonly hint?: string;
}

/** The result that an attempt's process has written; undefined if there is none. */
export async function readResult(attemptDirectory: string): Promise<StageResult | undefined> {
  const text = await orAbsent(readFile(attemptFiles(attemptDirectory).result, 'utf8'));
  return text === undefined ? undefined : parseResult(text);
}

/** A failure that the stage's process could not report. */
export function failed(error: Problem): StageResult {
  return { result: RESULT_VERSION, status: 'failed', error };
}

export function cancelled(): StageResult {
  return { result: RESULT_VERSION, status: 'cancelled' };
}

export function displaced(error: Problem): AttemptResult {
  return { status: 'displaced', error };
}
