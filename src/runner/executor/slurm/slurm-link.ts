import type { SlurmProfile } from '../../../contract/executor/slurm-profile.ts';
import type { JobProgram } from '../job-script.ts';
import type { Cancellations } from './cancellations.ts';
import type { JobRecords } from './job-facts.ts';
import type { Queue } from './queue.ts';

/** What the attempts of one executor share: one squeue, one scancel for all. */
export interface SlurmLink {
  readonly profile: SlurmProfile;
  readonly program: JobProgram;
  readonly queue: Queue;
  readonly records: JobRecords;
  readonly cancellations: Cancellations;
}
