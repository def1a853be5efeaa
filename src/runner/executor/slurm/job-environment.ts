import { declaredVariables } from '../../attempt/stage-environment.ts';
import type { Surroundings } from '../executor.ts';

/** They describe the job or the login node in which the runner is, and would mislead the job that is handed in. */
const OF_HERE = /^(SLURM|SBATCH|SALLOC|SRUN|SQUEUE|SCANCEL|PMI|PMIX)_|^(CUDA_VISIBLE_DEVICES|TMPDIR)$/;

/** What sbatch needs to find the cluster, and what a site may give its users instead of options. */
const OF_CLIENT = [
  'SLURM_CONF',
  'SLURM_CLUSTERS',
  'SBATCH_ACCOUNT',
  'SBATCH_PARTITION',
  'SBATCH_QOS',
  'SBATCH_RESERVATION',
];

/** The environment that sbatch is run in, which becomes that of the job. What the pipeline declares is kept. */
export function jobEnvironment(
  { environment, about: { stage } }: Pick<Surroundings, 'environment' | 'about'>,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const declared = new Set(declaredVariables(stage));
  const kept = Object.entries(environment).filter(([name]) => declared.has(name) || !OF_HERE.test(name));
  const client = OF_CLIENT.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]]));
  return Object.fromEntries([...client, ...kept]);
}
