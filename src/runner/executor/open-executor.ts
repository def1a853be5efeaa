import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { RemoteExecutor } from './executor.ts';

/** Opens what a profile describes; its code is loaded only now. Throws a StageError where it cannot be used here. */
export async function openExecutor(profile: RemoteProfile): Promise<RemoteExecutor> {
  switch (profile.kind) {
    case 'kubernetes':
      return await (await import('./kubernetes/kubernetes-executor.ts')).openKubernetes(profile);
    default:
      throw new StageError(`there is no executor of the kind ${profile.kind} here`);
  }
}
