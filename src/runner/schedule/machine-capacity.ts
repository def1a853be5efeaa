import { readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Pipeline, Resources } from '../../pipeline/pipeline.ts';
import { visibleGpus } from './gpu-numbers.ts';

/** NVIDIA's driver for Linux lists one directory a GPU there. */
const NVIDIA_GPUS = '/proc/driver/nvidia/gpus';

/** What the stages of a run can share. */
export interface Capacity {
  readonly resources: Resources;
  /** The GPUs among that, as CUDA names them. */
  readonly gpus: readonly string[];
}

/** What a run of a pipeline has: of GPUs those that the user has left visible, and the slots that the pipeline declares. */
export function runCapacity(
  { slots }: Pick<Pipeline, 'slots'>,
  environment: Readonly<Record<string, string | undefined>>,
  machine: Resources = machineCapacity(),
): Capacity {
  const gpus = visibleGpus(environment, machine.gpu);
  return { resources: { ...machine, gpu: gpus.length, slots }, gpus };
}

/** What this machine, or the container that this process lives in, has. */
function machineCapacity(): Resources {
  // 0 or more than there is: not limited
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return { cpu: availableParallelism(), gpu: countGpus(), memory: Math.min(totalmem(), limit) };
}

function countGpus(): number {
  try {
    return readdirSync(NVIDIA_GPUS).length;
  } catch {
    return 0;
  }
}
