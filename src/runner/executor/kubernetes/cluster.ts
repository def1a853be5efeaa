import type { KubernetesProfile } from '../../../contract/executor/kubernetes-profile.ts';
import { isObject } from '../../../contract/json.ts';
import { messageOf } from '../../../contract/message-of.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { type AuthorizationApi, type BatchApi, type CoreApi, loadClientPackage } from './client-package.ts';
import { requireKubeconfig } from './kubeconfig.ts';
import type { Job, NewJob, Pod } from './objects.ts';
import { Turns } from './turns.ts';

/** A request that has no answer after this long has none. The client itself waits for ever. */
const LONGEST_REQUEST_MS = 15_000;
/** Changes at once. More of them only wait in the API server. */
const CHANGES_AT_ONCE = 16;

/** A pod that is ended at once: one second, because with none the API server forgets the pod before it has ended. */
const SHORTEST_GRACE_S = 1;

/**
 * Why a request was not done. `unreachable`: nobody knows what the cluster does, and it may answer later. `absent`: there
 * is no such thing. `taken`: there is one of that name. `refused`: it answered, and no is the answer.
 */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly kind: 'unreachable' | 'absent' | 'taken' | 'refused';

  constructor(kind: ClusterError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

interface Apis {
  readonly batch: BatchApi;
  readonly core: CoreApi;
  readonly authorization: AuthorizationApi;
}

/** What the API server of a cluster is asked, all in one namespace. Every method can throw a ClusterError. */
export class Cluster {
  /** Address of the API server. */
  readonly server: string;
  readonly namespace: string;
  readonly #apis: Apis;
  readonly #changes = new Turns(CHANGES_AT_ONCE);

  private constructor(server: string, namespace: string, apis: Apis) {
    this.server = server;
    this.namespace = namespace;
    this.#apis = apis;
  }

  /**
   * The cluster of a profile, as kubectl would find it: KUBECONFIG, ~/.kube/config, or the service account of the pod that
   * this process runs in. Asks it nothing yet. Throws a StageError where there is none.
   */
  static async find({ context, namespace }: KubernetesProfile): Promise<Cluster> {
    const { KubeConfig, BatchV1Api, CoreV1Api, AuthorizationV1Api } = await loadClientPackage();
    requireKubeconfig(process.env);
    const config = new KubeConfig();
    try {
      config.loadFromDefault();
    } catch (error) {
      throw new StageError(`the kubeconfig cannot be read: ${messageOf(error)}`, {
        hint: 'Try: kubectl config view',
      });
    }
    if (context !== undefined) config.setCurrentContext(context);
    const found = config.getContextObject(config.getCurrentContext());
    const server = config.getCurrentCluster()?.server;
    if (server === undefined || (context !== undefined && found === null)) {
      throw new StageError(
        context === undefined
          ? 'no Kubernetes cluster is configured'
          : `the kubeconfig has no context ${context}`,
        { hint: 'Set KUBECONFIG. The contexts that there are: kubectl config get-contexts' },
      );
    }
    return new Cluster(server, namespace ?? found?.namespace ?? 'default', {
      batch: config.makeApiClient(BatchV1Api),
      core: config.makeApiClient(CoreV1Api),
      authorization: config.makeApiClient(AuthorizationV1Api),
    });
  }

  async jobs(labelSelector: string): Promise<readonly Job[]> {
    const { namespace } = this;
    return (await answered(() => this.#apis.batch.listNamespacedJob({ namespace, labelSelector }))).items;
  }

  async pods(labelSelector: string): Promise<readonly Pod[]> {
    const { namespace } = this;
    return (await answered(() => this.#apis.core.listNamespacedPod({ namespace, labelSelector }))).items;
  }

  /**
   * What a pod has printed, each line after the time at which it came; `since` seconds ago, or all that the node has kept. Of pods that do not
   * run yet there is none.
   */
  async log(pod: string, since: number | undefined): Promise<string> {
    const { namespace } = this;
    const request = {
      namespace,
      name: pod,
      timestamps: true,
      ...(since !== undefined && { sinceSeconds: since }),
    };
    return String(await answered(() => this.#apis.core.readNamespacedPodLog(request)));
  }

  /** Creates a Job. One of that name that exists already was created by an earlier request that nobody saw answered. */
  async create(job: NewJob): Promise<void> {
    const { namespace } = this;
    await this.#change(['taken'], () => this.#apis.batch.createNamespacedJob({ namespace, body: job }));
  }

  /** Deletes a Job and, soon after, its pods with the grace that they have. */
  async deleteJob(name: string): Promise<void> {
    const { namespace } = this;
    const request = { namespace, name, propagationPolicy: 'Background' };
    await this.#change(['absent'], () => this.#apis.batch.deleteNamespacedJob(request));
  }

  /** Deletes a Job and ends its pods at once. Each is listed until its node says that nothing of it runs. */
  async end(name: string, pods: readonly Pod[]): Promise<void> {
    const { namespace } = this;
    await this.deleteJob(name);
    for (const { metadata } of pods) {
      const request = { namespace, name: metadata.name, gracePeriodSeconds: SHORTEST_GRACE_S };
      await this.#change(['absent'], () => this.#apis.core.deleteNamespacedPod(request));
    }
  }

  /** False if it is known that there is no such namespace. Not everybody may ask. */
  async hasNamespace(): Promise<boolean> {
    try {
      await answered(() => this.#apis.core.readNamespace({ name: this.namespace }));
      return true;
    } catch (error) {
      if (error instanceof ClusterError && error.kind === 'refused') return true;
      if (error instanceof ClusterError && error.kind === 'absent') return false;
      throw error;
    }
  }

  /** Whether this user may do it in the namespace, such as `create` `jobs` of the group `batch`. */
  async may(verb: string, resource: string, group: string): Promise<boolean> {
    const [name = '', subresource] = resource.split('/');
    const what = { resource: name, ...(subresource !== undefined && { subresource }) };
    const resourceAttributes = { namespace: this.namespace, verb, group, ...what };
    const body = { spec: { resourceAttributes } };
    const review = await answered(() => this.#apis.authorization.createSelfSubjectAccessReview({ body }));
    return review.status?.allowed === true;
  }

  async #change(done: readonly ClusterError['kind'][], request: () => Promise<unknown>): Promise<void> {
    try {
      await this.#changes.take(() => answered(request));
    } catch (error) {
      if (!(error instanceof ClusterError && done.includes(error.kind))) throw error;
    }
  }
}

async function answered<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    const error = new ClusterError('unreachable', `no answer in ${LONGEST_REQUEST_MS / 1000} s`);
    timer = setTimeout(() => fail(error), LONGEST_REQUEST_MS);
  });
  try {
    return await Promise.race([request(), late]);
  } catch (error) {
    throw clusterError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Errors of the client have the status of the answer as `code`, and as `body` the object or the text that came with it. */
function clusterError(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code, body } = Object(error) as { readonly code?: unknown; readonly body?: unknown };
  if (typeof code !== 'number') return new ClusterError('unreachable', messageOf(error));
  const message = messageOfStatus(body) ?? `status ${code}`;
  if (code === 404) return new ClusterError('absent', message);
  if (code === 409) return new ClusterError('taken', message);
  return new ClusterError(code === 429 || code >= 500 ? 'unreachable' : 'refused', message);
}

function messageOfStatus(body: unknown): string | undefined {
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body;
    return isObject(status) && typeof status.message === 'string' ? status.message : undefined;
  } catch {
    return undefined;
  }
}
