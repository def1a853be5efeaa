import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { attemptFiles } from '../../contract/attempt/attempt-files.ts';
import { errorCode } from '../../files/system-problem.ts';

/** What a job's script exits with where it did not start the stage's process. Neither shells nor Node use these. */
export const JOB_EXIT = {
  /** Somebody has begun the attempt before, or has decided that it is not to begin. */
  begun: 81,
  notWritable: 82,
  noSuchFolder: 83,
  noLog: 84,
  noProgram: 85,
  setupFailed: 86,
} as const;

/** Once a second: for as long as a file system of the network may hide a new folder from another machine. */
const FOLDER_TRIES = 60;

/** How the process of a stage is started on another machine. */
export interface JobProgram {
  /** Node as it is here; where it is not there, `node` of PATH. */
  readonly node: string;
  /** The built `stage-host.cjs`. */
  readonly host: string;
  /** Lines of shell that come first, in a login shell. */
  readonly setup?: string | undefined;
}

/**
 * Begins a script of a job: after it, `attempt DIRECTORY LOG` becomes the process of that attempt. Of all that may try it, one
 * alone makes the folder `started`, so an attempt is executed once, however often a queue starts its job. The script does
 * nothing until its last line: one that was cut off does nothing.
 */
export function jobScriptHead({ node, host, setup }: JobProgram): string {
  return `#!/bin/${setup === undefined ? 'sh' : 'bash -l'}
setup() {
:
${setup ?? ''}
}
attempt() {
  all=$(dirname "$(dirname "$1")")
  [ -d "$all" ] || exit ${JOB_EXIT.noSuchFolder}
  tries=0
  until cd "$1" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt ${FOLDER_TRIES} ] || exit ${JOB_EXIT.noSuchFolder}
    sleep 1
  done
  if ! mkdir started 2>/dev/null; then
    [ -d started ] && exit ${JOB_EXIT.begun}
    exit ${JOB_EXIT.notWritable}
  fi
  { : >>"$2"; } 2>/dev/null || exit ${JOB_EXIT.noLog}
  exec >>"$2" 2>&1
  setup || exit ${JOB_EXIT.setupFailed}
  cd "$1" || exit ${JOB_EXIT.noSuchFolder}
  node=${quoted(node)}
  [ -x "$node" ] || node=$(command -v node) || exit ${JOB_EXIT.noProgram}
  [ -r ${quoted(host)} ] || exit ${JOB_EXIT.noProgram}
  exec "$node" ${quoted(host)} "$1/spec.json"
}
`;
}

/** What an exit code of such a script means; undefined for one that is the process's own. */
export function explainJobExit(
  code: number,
  { attemptDirectory, log, host }: { attemptDirectory: string; log: string; host: string },
): { readonly message: string; readonly hint: string } | undefined {
  switch (code) {
    case JOB_EXIT.noSuchFolder:
      return {
        message: `the machine on which the stage was to run does not see the folder ${attemptDirectory}`,
        hint: `The folder of the artifacts must have the same path there. Give one on a shared disk with --artifacts, not below ${dirname(attemptDirectory)}.`,
      };
    case JOB_EXIT.notWritable:
      return {
        message: `the machine on which the stage was to run cannot write to ${attemptDirectory}`,
        hint: 'Check the rights of that folder there, and whether the disk is full or read-only.',
      };
    case JOB_EXIT.noLog:
      return {
        message: `the machine on which the stage was to run cannot write ${log}`,
        hint: 'Check the rights of that folder there, and whether the disk is full.',
      };
    case JOB_EXIT.noProgram:
      return {
        message: `the machine on which the stage was to run has no \`node\` in its PATH, or does not see ${host}`,
        hint: 'Install pipe on a shared disk. `setup: module load …` in the executor puts Node into the PATH.',
      };
    case JOB_EXIT.setupFailed:
      return {
        message: 'the `setup` of the executor failed on the machine on which the stage was to run',
        hint: `What it printed is in ${log}.`,
      };
    default:
      return undefined;
  }
}

/** Sees to it that an attempt never begins. False where it has begun already. */
export function preventStart(attemptDirectory: string): boolean {
  try {
    mkdirSync(attemptFiles(attemptDirectory).started);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true; // nobody can begin in a folder that is gone
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** A text as one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
