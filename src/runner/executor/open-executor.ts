import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { RemoteExecutor } from './executor.ts';

/**
 * Opens what a profile describes; its code is loaded only now. `hostFile` is the built `stage-host.cjs`. Throws a StageError
 * where it cannot be used here.
 */
export async function openExecutor(profile: RemoteProfile, hostFile: string): Promise<RemoteExecutor> {
  switch (profile.kind) {
    case 'slurm': {
      const { SlurmExecutor } = await import('./slurm/slurm-executor.ts');
      return new SlurmExecutor(profile, hostFile);
    }
    default:
      throw new StageError(`there is no executor of the kind ${profile.kind} here`);
  }
}
