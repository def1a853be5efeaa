import { askSlurm } from './client.ts';

/** How a job ended, as Slurm has it on record. */
export interface JobFacts {
  readonly state: string;
  readonly reason?: string;
  readonly exitCode: number;
  /** Number of the signal that ended it; 0 for none. */
  readonly signal: number;
}

/** sacct hangs when its database is away. */
const DATABASE_LIMIT_MS = 5000;
const DATABASE_PAUSE_MS = 60_000;

/** Asks for what squeue does not show. The database of a cluster is asked last, and never needed. */
export class JobRecords {
  #databaseAwayUntil = 0;

  /** Undefined where nobody knows it any more, or nobody answers. */
  async of(job: string): Promise<JobFacts | undefined> {
    const known = await askSlurm('scontrol', ['show', 'job', '-o', job]);
    if (known.status === 'ok') return parseJob(known.output);
    if (Date.now() < this.#databaseAwayUntil) return undefined;
    const args = ['-n', '-P', '-X', '-j', job, '-o', 'State,ExitCode'];
    const recorded = await askSlurm('sacct', args, { limitMs: DATABASE_LIMIT_MS });
    if (recorded.status !== 'ok') this.#databaseAwayUntil = Date.now() + DATABASE_PAUSE_MS;
    return recorded.status === 'ok' ? parseRecord(recorded.output) : undefined;
  }
}

/** A line of `scontrol show job -o`. */
export function parseJob(text: string): JobFacts | undefined {
  const state = /\bJobState=(\w+)/.exec(text)?.[1];
  const exit = /\bExitCode=(\d+):(\d+)/.exec(text);
  const reason = /\bReason=(\S+)/.exec(text)?.[1];
  if (state === undefined || exit === null) return undefined;
  return { state, ...(reason && { reason }), exitCode: Number(exit[1]), signal: Number(exit[2]) };
}

/** A line of `sacct -P -o State,ExitCode`: `CANCELLED by 1000|0:15`. */
export function parseRecord(text: string): JobFacts | undefined {
  const [, state, exitCode, signal] = /^(\w+)[^|]*\|(\d+):(\d+)/.exec(text.trim()) ?? [];
  if (state === undefined) return undefined;
  return { state, exitCode: Number(exitCode), signal: Number(signal) };
}
