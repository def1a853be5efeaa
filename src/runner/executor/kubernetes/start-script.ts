import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import { errorCode } from '../../../files/system-problem.ts';

/** What the script exits with where it did not start the stage. Shells use none of these. */
export const EXIT = {
  /** Somebody has begun the attempt before, or has decided that it is not to begin. */
  begun: 81,
  /** There is no program `pipe` in PATH. */
  noPipe: 82,
  /** The attempt's directory cannot be written to. */
  notWritable: 83,
} as const;

/** Of an attempt: the file with the script, and the folder that whoever begins it makes. */
export function startFiles(attemptDirectory: string): { readonly script: string; readonly started: string } {
  return { script: join(attemptDirectory, 'start.sh'), started: join(attemptDirectory, 'started') };
}

/**
 * Starts the stage's process in a pod. Of all that may try it, one alone makes the folder `started`, so an attempt is
 * executed once: a Job can start two pods, whatever it asks for (kubernetes.io, "Jobs", "Handling Pod and container
 * failures"). The host is the one next to the program `pipe` of the image.
 */
export function startScript(attemptDirectory: string, log: string): string {
  const { started } = startFiles(attemptDirectory);
  return `#!/bin/sh
exec >>${quoted(log)} 2>&1 || exit ${EXIT.notWritable}
if ! mkdir ${quoted(started)} 2>/dev/null; then
  [ -d ${quoted(started)} ] && exit ${EXIT.begun}
  exit ${EXIT.notWritable}
fi
pipe=$(command -v pipe) || exit ${EXIT.noPipe}
cd ${quoted(attemptDirectory)} || exit ${EXIT.notWritable}
exec node "$(dirname "$(readlink -f "$pipe")")/stage-host.cjs" ${quoted(attemptFiles(attemptDirectory).spec)}
`;
}

/** Sees to it that an attempt never begins. False where it has begun already. */
export function preventStart(attemptDirectory: string): boolean {
  try {
    mkdirSync(startFiles(attemptDirectory).started);
    return true;
  } catch (error) {
    // Nobody can begin in a directory that is gone.
    if (errorCode(error) === 'ENOENT') return true;
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
