import type { JsonObject } from '../../../contract/json.ts';

/**
 * One job of one attempt, as Slurm can be asked for it. The name is known before the job is handed in, so a runner that dies
 * at any moment leaves word of it; several attempts that are handed in together share the name and differ in the index.
 */
export interface Task {
  readonly name: string;
  /** Index in the array of jobs. */
  readonly index: number;
  /** `17_3`, or `17` without an array, where Slurm has told it. */
  readonly job?: string;
}

/** A task as it is written down; undefined for anything else. */
export function taskOf({ name, index, job }: JsonObject): Task | undefined {
  if (typeof name !== 'string' || typeof index !== 'number') return undefined;
  return { name, index, ...(typeof job === 'string' && { job }) };
}
