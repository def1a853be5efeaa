import type { RemoteCache } from '../../../cache/remote/remote-cache.ts';
import type { KubernetesProfile } from '../../../contract/executor/kubernetes-profile.ts';
import type { Problem } from '../../../contract/stage-type.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import type { StageProblem } from '../../plan/stage-problem.ts';
import { type Cluster, ClusterError } from './cluster.ts';

/** What is done in a cluster: verb, resource and its group. */
const RIGHTS = [
  ['create', 'jobs', 'batch'],
  ['list', 'jobs', 'batch'],
  ['delete', 'jobs', 'batch'],
  ['list', 'pods', ''],
  ['delete', 'pods', ''],
] as const;
/** Where pods share no folder, what they print and tell comes this way. */
const READ_LOGS = ['get', 'pods/log', ''] as const;

/** What would make the stages fail in the cluster, and can be known before anything is handed in. */
export async function problemsIn(
  cluster: Cluster,
  profile: KubernetesProfile,
  stages: readonly Stage[],
  cache: RemoteCache | undefined,
): Promise<readonly StageProblem[]> {
  const problems = stages.flatMap((stage) => secretProblems(profile, stage));
  const [first] = stages;
  if (first === undefined) return problems;
  const ofStore = profile.remote && storeProblem(profile.remote, cache);
  const ofCluster = await clusterProblem(cluster, profile.remote ? [...RIGHTS, READ_LOGS] : RIGHTS);
  const ofAll = [ofCluster, ofStore].flatMap((problem) => (problem ? [{ stage: first.id, ...problem }] : []));
  return [...ofAll, ...problems];
}

/** The value of a secret is never in a Job, so the cluster has to have it. */
function secretProblems({ secrets = {} }: KubernetesProfile, stage: Stage): StageProblem[] {
  return stage.secrets
    .filter((name) => !Object.hasOwn(secrets, name))
    .map((name) => ({
      stage: stage.id,
      message: `the executor does not say where the cluster keeps the secret ${name}`,
      hint: `Say it in the executor: secrets: {${name}: {name: NAME-OF-SECRET, key: KEY}}. To make one: kubectl create secret generic NAME-OF-SECRET --from-literal=KEY=…`,
    }));
}

/** Pods and runner have nothing else in common. */
function storeProblem(
  { url }: NonNullable<KubernetesProfile['remote']>,
  cache: RemoteCache | undefined,
): Problem | undefined {
  const hint = 'docs/guides/run-on-kubernetes.md, "Without a shared volume"';
  if (cache === undefined) {
    return {
      message: 'an executor with `remote` needs the remote cache of the run, and there is none',
      hint: `Name one: --remote s3://BUCKET/PREFIX, or PIPE_REMOTE. See ${hint}`,
    };
  }
  if (!cache.canUpload) {
    return {
      message: `an executor with \`remote\` has to upload, and this run only reads ${cache.address}`,
      hint: `Run without --no-upload, and with a key to sign with: pipe trust create. See ${hint}`,
    };
  }
  if (url !== undefined || !cache.address.startsWith('file:')) return undefined;
  return {
    message: `pods do not see ${cache.address}`,
    hint: 'Choose a store that they reach (s3:, https:), or a `volume` in place of `remote`.',
  };
}

async function clusterProblem(
  cluster: Cluster,
  rights: readonly (readonly [string, string, string])[],
): Promise<Problem | undefined> {
  const { server, namespace } = cluster;
  try {
    if (!(await cluster.hasNamespace())) {
      return {
        message: `the cluster ${server} has no namespace ${namespace}`,
        hint: `Create it: kubectl create namespace ${namespace}`,
      };
    }
    for (const [verb, resource, group] of rights) {
      if (await cluster.may(verb, resource, group)) continue;
      return {
        message: `you may not ${verb} ${resource} in the namespace ${namespace} of ${server}`,
        hint: 'examples/kubernetes/runner.yaml has the rights that pipe needs. Ask whoever runs the cluster for them.',
      };
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return {
      message: `the cluster ${server} does not answer as it should: ${error.message}`,
      hint: 'Does this work? kubectl get jobs',
    };
  }
}
