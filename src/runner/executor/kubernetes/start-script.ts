import { join } from 'node:path';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import { JOB_EXIT, quoted } from '../job-script.ts';

/** The script of an attempt, in its directory: in a Job's command Kubernetes would replace what looks like a variable. */
export function startScriptFile(attemptDirectory: string): string {
  return join(attemptDirectory, 'start.sh');
}

/**
 * Starts the stage's process in a pod. Of all that may try it, one alone makes the folder `started`, so an attempt is
 * executed once: a Job can start two pods, whatever it asks for (kubernetes.io, "Jobs", "Handling Pod and container
 * failures"). The host is the one next to the program `pipe` of the image.
 */
export function startScript(attemptDirectory: string, log: string): string {
  const { started, spec } = attemptFiles(attemptDirectory);
  return `#!/bin/sh
cd ${quoted(attemptDirectory)} || exit ${JOB_EXIT.noSuchFolder}
if ! mkdir ${quoted(started)} 2>/dev/null; then
  [ -d ${quoted(started)} ] && exit ${JOB_EXIT.begun}
  exit ${JOB_EXIT.notWritable}
fi
{ : >>${quoted(log)}; } 2>/dev/null || exit ${JOB_EXIT.noLog}
exec >>${quoted(log)} 2>&1
pipe=$(command -v pipe) || exit ${JOB_EXIT.noProgram}
exec node "$(dirname "$(readlink -f "$pipe")")/stage-host.cjs" ${quoted(spec)}
`;
}
