import type { SlurmProfile } from '../../../contract/executor/slurm-profile.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import { parseBytes, parseDuration } from '../../../pipeline/resolve/parse-units.ts';

const MINUTE_MS = 60_000;
const MIB = 2 ** 20;

/** What a stage asks of a node. Memory in MiB; minutes, undefined where the partition decides. */
export interface NodeRequest {
  readonly cpus: number;
  readonly gpus: number;
  readonly memory: number;
  readonly minutes: number | undefined;
}

export function requestOf(
  { execution: { resources, timeout } }: Pick<Stage, 'execution'>,
  profile: SlurmProfile,
): NodeRequest {
  const limit = timeout ?? (profile.time === undefined ? undefined : parseDuration(profile.time));
  return {
    cpus: Math.max(1, Math.ceil(resources.cpu)),
    gpus: resources.gpu,
    memory: Math.ceil((resources.memory || parseBytes(profile.memory)) / MIB),
    minutes: limit === undefined ? undefined : Math.max(1, Math.ceil(limit / MINUTE_MS)),
  };
}

/**
 * Options of sbatch for a stage, without those that belong to one hand-in. The environment travels as it is: of all that sbatch
 * takes, that alone is seen by nobody else. The job is never started a second time by Slurm itself.
 */
export function sbatchOptions(stage: Pick<Stage, 'execution'>, profile: SlurmProfile): string[] {
  const { cpus, gpus, memory, minutes } = requestOf(stage, profile);
  const given = {
    partition: profile.partition,
    account: profile.account,
    qos: profile.qos,
    constraint: profile.constraint,
    gres: gpus > 0 ? `${profile.gres ?? 'gpu'}:${gpus}` : undefined,
    time: minutes,
  };
  return [
    '--parsable',
    '--no-requeue',
    '--export=ALL',
    '--output=/dev/null', // the script appends to the stage's log
    '--chdir=/', // the folder of the runner need not be there
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${cpus}`,
    `--mem=${memory}M`,
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(profile.options ?? []),
  ];
}
