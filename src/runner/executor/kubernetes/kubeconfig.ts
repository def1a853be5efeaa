import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StageError } from '../../../contract/stage-context.ts';

/** What a pod knows its cluster by. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** The client takes a server at localhost:8080 if it finds nothing, which nobody has. Throws a StageError then. */
export function requireKubeconfig({ KUBECONFIG, HOME }: NodeJS.ProcessEnv): void {
  const file = join(HOME || homedir(), '.kube', 'config');
  if (KUBECONFIG || existsSync(file) || existsSync(SERVICE_ACCOUNT)) return;
  throw new StageError(
    `there is no kubeconfig: KUBECONFIG is not set, ${file} does not exist, and this is no pod with a service account`,
    {
      hint: 'Whoever runs the cluster gives you the file. Put it there, or run: export KUBECONFIG=FILE. Then this has to work: kubectl get jobs',
    },
  );
}
