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

/** What would make the stages fail in the cluster, and can be known before anything is handed in. */
export async function problemsIn(
  cluster: Cluster,
  profile: KubernetesProfile,
  stages: readonly Stage[],
): Promise<readonly StageProblem[]> {
  const problems = stages.flatMap((stage) => secretProblems(profile, stage));
  const [first] = stages;
  const ofCluster = first && (await clusterProblem(cluster));
  return ofCluster ? [{ stage: first.id, ...ofCluster }, ...problems] : problems;
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

async function clusterProblem(cluster: Cluster): Promise<Problem | undefined> {
  const { server, namespace } = cluster;
  try {
    if (!(await cluster.hasNamespace())) {
      return {
        message: `the cluster ${server} has no namespace ${namespace}`,
        hint: `Create it: kubectl create namespace ${namespace}`,
      };
    }
    for (const [verb, resource, group] of RIGHTS) {
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
