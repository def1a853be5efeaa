import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StageError } from '../../../contract/stage-context.ts';

/** What one of Slurm's programs said. */
export type Answer =
  | { readonly status: 'ok'; readonly output: string }
  /** Slurm understood, and says no. */
  | { readonly status: 'refused'; readonly message: string }
  /** Slurm says: not now. */
  | { readonly status: 'full'; readonly message: string }
  /** Nobody answers, so nothing is known; what was asked for may have happened all the same. */
  | { readonly status: 'silent'; readonly message: string };

export interface Question {
  readonly input?: string;
  /** The whole environment; that of this process, without what changes the answers, where absent. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly limitMs?: number;
}

/** With the controller away Slurm's programs give up after 9 s by themselves; longer than this nobody waits. */
const LIMIT_MS = 60_000;

/** Of the words of Slurm 20 to 25 (slurm_errno.c): nobody was reached. */
const SILENT =
  /Unable to contact|[Tt]imed? ?out|Connection (refused|reset)|connection failure|Zero Bytes|Unexpected missing socket|standby mode|Message (receive|send) failure|[Rr]esource temporarily unavailable|database.*(not|down)/;
const FULL =
  /job submit limit|MaxSubmitJob|[Jj]ob count limit|temporarily unable to accept job|too many jobs/;

/** Variables that give Slurm's programs other options than the ones they are called with. */
const OPTIONS = /^(SQUEUE|SACCT|SCANCEL|SINFO|SCONTROL|SBATCH|SALLOC|SRUN)_|^SLURM_(TIME_FORMAT|JOB_|ARRAY_)/;

/** Asks a program of Slurm. Throws a StageError where the program is not on this machine. */
export async function askSlurm(
  program: string,
  args: readonly string[],
  { input, environment, limitMs = LIMIT_MS }: Question = {},
): Promise<Answer> {
  const { execa } = await import('execa');
  const { exitCode, stdout, stderr, timedOut, message } = await execa(findProgram(program), args, {
    env: environment ?? ownEnvironment(),
    extendEnv: false,
    reject: false,
    timeout: limitMs,
    forceKillAfterDelay: 1000,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  if (exitCode === 0) return { status: 'ok', output: stdout };
  const said = withoutPrefix(program, stderr) || (message ?? '');
  if (timedOut || exitCode === undefined)
    return { status: 'silent', message: timedOut ? `${program} hangs` : said };
  if (SILENT.test(said)) return { status: 'silent', message: said };
  return { status: FULL.test(said) ? 'full' : 'refused', message: said };
}

/** The last that it said, which says most: `sbatch: error: Batch job submission failed: …`. */
function withoutPrefix(program: string, stderr: string): string {
  const lines = stderr.trim().split('\n');
  return lines.map((line) => line.replace(`${program}: `, '').replace(/^error: /, '')).join('; ');
}

function findProgram(program: string): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {} // the next folder
  }
  throw new StageError(`\`${program}\` of Slurm is not in the PATH of this machine`, {
    hint: 'Run pipe where you run sbatch (a login node), or choose another executor: --executor local.',
  });
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || OPTIONS.test(name) ? [] : [[name, value]],
    ),
  );
}
