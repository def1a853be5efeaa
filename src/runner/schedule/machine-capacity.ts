import { readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Resources } from '../../pipeline/pipeline.ts';

/** NVIDIA's driver for Linux lists one directory a GPU there. */
const NVIDIA_GPUS = '/proc/driver/nvidia/gpus';

/** What this machine, or the container that this process lives in, has. */
export function machineCapacity(): Resources {
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
