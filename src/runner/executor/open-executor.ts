import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import type { RemoteExecutor, RunCache } from './executor.ts';

/**
 * Opens what a profile describes; its code is loaded only now. `hostFile` is the built `stage-host.cjs`. Throws a StageError
 * where it cannot be used here.
 */
export async function openExecutor(
  profile: RemoteProfile,
  cache: RunCache,
  hostFile: string,
): Promise<RemoteExecutor> {
  switch (profile.kind) {
    case 'slurm': {
      const { SlurmExecutor } = await import('./slurm/slurm-executor.ts');
      return new SlurmExecutor(profile, hostFile);
    }
    case 'kubernetes': {
      const { openKubernetes } = await import('./kubernetes/kubernetes-executor.ts');
      return await openKubernetes(profile, cache);
    }
  }
}
