import type { SlurmProfile } from '../../../contract/executor/slurm-profile.ts';
import type { Problem } from '../../../contract/stage-type.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import type { StageProblem } from '../../plan/stage-problem.ts';
import { askSlurm } from './client.ts';
import { type NodeRequest, requestOf } from './sbatch-options.ts';

/** A kind of node of a partition. Memory in MiB; minutes, Infinity for no limit. */
export interface NodeKind {
  readonly partition: string;
  readonly isDefault: boolean;
  readonly isUp: boolean;
  readonly cpus: number;
  readonly memory: number;
  /** Number of GPUs by what they are called: `gpu`, `gpu:a100`. */
  readonly gpus: Readonly<Record<string, number>>;
  readonly minutes: number;
}

const FORMAT = '%P|%a|%c|%m|%G|%l';

/** What would keep stages from ever running as the profile says. Nodes that are down count: they may come back. */
export async function slurmProblems(
  profile: SlurmProfile,
  stages: readonly Stage[],
): Promise<StageProblem[]> {
  const first = stages[0];
  if (first === undefined) return [];
  const answer = await askSlurm('sinfo', ['-h', '-e', '-a', '-o', FORMAT]);
  if (answer.status !== 'ok') {
    const message = `Slurm does not answer: ${answer.message}`;
    return [{ stage: first.id, message, hint: 'Look whether `sinfo` works on this machine.' }];
  }
  const kinds = parseNodeKinds(answer.output);
  const wanted = profile.partition?.split(',');
  const eligible = kinds.filter(({ partition, isDefault }) => wanted?.includes(partition) ?? isDefault);
  if (eligible.length === 0) {
    const there = [...new Set(kinds.map(({ partition }) => partition))].join(', ');
    const message = wanted
      ? `there is no partition ${profile.partition} in Slurm`
      : 'Slurm has no default partition';
    return [
      { stage: first.id, message, hint: `Name one of these as \`partition\` of the executor: ${there}.` },
    ];
  }
  if (eligible.every(({ isUp }) => !isUp)) {
    const message = `the partition ${eligible[0]!.partition} takes no jobs: it is down`;
    return [{ stage: first.id, message, hint: 'Name another `partition`, or wait until it is up.' }];
  }
  const gpu = profile.gres ?? 'gpu';
  return stages.flatMap((stage) => {
    const problem = misfit(requestOf(stage, profile), eligible, gpu);
    return problem ? [{ stage: stage.id, ...problem }] : [];
  });
}

/** Why no node can ever take a job; undefined where one can. */
function misfit(wanted: NodeRequest, kinds: readonly NodeKind[], gpu: string): Problem | undefined {
  const limits: readonly [keyof NodeRequest, (kind: NodeKind) => number, string, string][] = [
    ['cpus', ({ cpus }) => cpus, 'processor cores', 'resources.cpu'],
    ['memory', ({ memory }) => memory, 'MiB of memory', 'resources.memory'],
    ['gpus', ({ gpus }) => gpus[gpu] ?? 0, `GPUs (${gpu})`, 'resources.gpu'],
    ['minutes', ({ minutes }) => minutes, 'minutes', 'timeout'],
  ];
  for (const [name, of, unit, setting] of limits) {
    const most = Math.max(...kinds.map(of));
    const asked = wanted[name] ?? 0;
    if (asked > most) {
      return {
        message: `the stage asks for ${asked} ${unit}; no node of the partition gives more than ${most}`,
        hint: `Lower \`${setting}\`, or name another \`partition\` of the executor.`,
      };
    }
  }
  const fits = kinds.some((kind) => limits.every(([name, of]) => (wanted[name] ?? 0) <= of(kind)));
  return fits
    ? undefined
    : {
        message: 'no single node of the partition has all that the stage asks for',
        hint: 'Lower `resources`, or name another `partition` of the executor: `sinfo -e -o "%P %c %m %G"` lists them.',
      };
}

/** Lines of sinfo: `main*|up|8|4000|gpu:a100:2(S:0-1)|1-00:00:00`. */
export function parseNodeKinds(text: string): NodeKind[] {
  return text.split('\n').flatMap((line) => {
    const [name, available, cpus, memory, gres, limit] = line.split('|');
    if (limit === undefined) return [];
    return [
      {
        partition: name!.replace(/\*$/, ''),
        isDefault: name!.endsWith('*'),
        isUp: available === 'up',
        cpus: Number.parseInt(cpus!, 10),
        memory: Number.parseInt(memory!, 10),
        gpus: parseGres(gres!),
        minutes: parseMinutes(limit),
      },
    ];
  });
}

/** `gpu:a100:4(S:0-1),gpu:2`: each counts under its own name, and without the type. */
function parseGres(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, name, type, count] of text.matchAll(/([a-z_]+)(?::([^:,()]+))?:(\d+)(?:\([^)]*\))?/g)) {
    counts[name!] = (counts[name!] ?? 0) + Number(count);
    if (type !== undefined) counts[`${name}:${type}`] = Number(count);
  }
  return counts;
}

/** `infinite`, `30:00`, `12:00:00`, `1-00:00:00`. */
function parseMinutes(text: string): number {
  const [, days, rest] = /^(?:(\d+)-)?([\d:]+)$/.exec(text) ?? [];
  if (rest === undefined) return Number.POSITIVE_INFINITY;
  const [seconds = 0, minutes = 0, hours = 0] = rest.split(':').map(Number).reverse();
  return Number(days ?? 0) * 24 * 60 + hours * 60 + minutes + seconds / 60;
}
