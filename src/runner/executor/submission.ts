import { readFile, rename, writeFile } from 'node:fs/promises';
import { attemptFiles } from '../../contract/attempt/attempt-files.ts';
import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import { isObject, type JsonObject } from '../../contract/json.ts';
import { orAbsent } from '../../files/system-problem.ts';

const SUBMISSION_VERSION = 1;

/** That an attempt was handed in to a queue, and how to find it there. */
export interface Submission {
  /** The executor as it was, which alone knows the queue. */
  readonly executor: RemoteProfile;
  /** What the executor finds it by. */
  readonly reference: JsonObject;
  /** Where its standard output and error go. */
  readonly log: string;
}

/** Writes down that an attempt is about to be handed in; later, what has become known of it. */
export async function writeSubmission(attemptDirectory: string, submission: Submission): Promise<void> {
  const { submission: file } = attemptFiles(attemptDirectory);
  await writeFile(`${file}.draft`, JSON.stringify({ submission: SUBMISSION_VERSION, ...submission }));
  await rename(`${file}.draft`, file);
}

/** Undefined where it was not handed in, or nobody can tell how. */
export async function readSubmission(attemptDirectory: string): Promise<Submission | undefined> {
  const text = await orAbsent(readFile(attemptFiles(attemptDirectory).submission, 'utf8'));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isOne =
      isObject(value) &&
      value.submission === SUBMISSION_VERSION &&
      isObject(value.executor) &&
      typeof value.executor.kind === 'string' &&
      isObject(value.reference) &&
      typeof value.log === 'string';
    // What is in `executor` was a profile when this program wrote it.
    return isOne ? (value as unknown as Submission) : undefined;
  } catch {
    return undefined;
  }
}
