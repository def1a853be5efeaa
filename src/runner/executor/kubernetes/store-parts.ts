import type { KubernetesProfile } from '../../../contract/executor/kubernetes-profile.ts';
import type { JsonObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import type { Environment } from '../../../contract/world.ts';
import type { Digested } from '../../../files/digest.ts';
import { parseBytes } from '../../../pipeline/resolve/parse-units.ts';
import { JOB_EXIT } from '../job-script.ts';
import { placeVariable, STORE_VARIABLES } from '../through-store/job-place.ts';
import type { PodParts } from './meeting.ts';

export type StoreOfPods = NonNullable<KubernetesProfile['remote']>;

/** The way to the outcome is in the status of the pod, so it is kept until a runner has seen it. */
const KEPT_FINISHED_S = 7 * 24 * 60 * 60;

const SCRATCH = '/pipe';
/** Kubernetes puts what is in this file into the status of the pod. */
const MESSAGE = '/dev/termination-log';

/** What opens a store and must not be seen: keys of the Secret that the executor names. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'PIPE_REMOTE_TOKEN'];
/** The rest. */
const SETTINGS = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'];

/** The job host is the one next to the program `pipe` of the image. */
const SCRIPT = `pipe=$(command -v pipe) || exit ${JOB_EXIT.noProgram}
host=$(dirname "$(readlink -f "$pipe")")/job-host.cjs
[ -r "$host" ] || exit ${JOB_EXIT.noProgram}
exec node "$host"`;

/** What a pod needs that meets its runner in a store. Of credentials it has references only. */
export function storeParts(
  job: { readonly name: string; readonly order: Digested; readonly store: string },
  { url, endpoint, credentials, scratch }: StoreOfPods,
  environment: Environment,
): PodParts {
  const place = placeVariable({ ...job, store: url ?? job.store, scratch: SCRATCH, message: MESSAGE });
  const settings: Environment = {
    ...environment,
    ...(endpoint !== undefined && { AWS_ENDPOINT_URL_S3: endpoint }),
  };
  return {
    script: SCRIPT,
    env: [
      { ...place },
      ...SETTINGS.flatMap((name): JsonObject[] => {
        const value = settings[name];
        return value ? [{ name: STORE_VARIABLES + name, value: withoutPassword(name, value) }] : [];
      }),
      ...(credentials === undefined ? [] : CREDENTIALS.map((key) => reference(credentials, key))),
    ],
    volumes: [
      {
        name: 'scratch',
        emptyDir: scratch === undefined ? {} : { sizeLimit: String(parseBytes(scratch)) },
      },
    ],
    volumeMounts: [{ name: 'scratch', mountPath: SCRATCH }],
    container: { terminationMessagePath: MESSAGE },
    keptFinished: KEPT_FINISHED_S,
  };
}

/** A store needs some of the keys; which, it says itself. */
function reference(secret: string, key: string): JsonObject {
  return { name: STORE_VARIABLES + key, valueFrom: { secretKeyRef: { name: secret, key, optional: true } } };
}

function withoutPassword(name: string, value: string): string {
  const { username, password } = URL.canParse(value) ? new URL(value) : { username: '', password: '' };
  if (username === '' && password === '') return value;
  throw new StageError(`${name} holds a password, which would be seen in every pod`, {
    hint: 'Put it into the Secret that `remote.credentials` of the executor names.',
  });
}
