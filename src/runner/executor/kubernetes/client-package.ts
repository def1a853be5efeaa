import type { Json } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import type { Job, NewJob, Pod } from './objects.ts';

const PACKAGE = '@kubernetes/client-node';

type Listed<Item> = Promise<{ readonly items: readonly Item[] }>;
type Named = { readonly namespace: string; readonly name: string };
type Selected = { readonly namespace: string; readonly labelSelector: string };

export interface BatchApi {
  createNamespacedJob(request: { readonly namespace: string; readonly body: NewJob }): Promise<unknown>;
  listNamespacedJob(request: Selected): Listed<Job>;
  deleteNamespacedJob(request: Named & { readonly propagationPolicy: string }): Promise<unknown>;
}

export interface CoreApi {
  listNamespacedPod(request: Selected): Listed<Pod>;
  deleteNamespacedPod(request: Named & { readonly gracePeriodSeconds: number }): Promise<unknown>;
  readNamespacedPodLog(
    request: Named & { readonly timestamps: boolean; readonly sinceSeconds?: number },
  ): Promise<string>;
  readNamespace(request: { readonly name: string }): Promise<unknown>;
}

export interface AuthorizationApi {
  createSelfSubjectAccessReview(request: {
    readonly body: { readonly spec: Readonly<Record<string, Json>> };
  }): Promise<{ readonly status?: { readonly allowed: boolean } }>;
}

interface KubeConfig {
  loadFromDefault(): void;
  setCurrentContext(context: string): void;
  getCurrentContext(): string;
  getContextObject(context: string): { readonly namespace?: string } | null;
  getCurrentCluster(): { readonly server: string } | null;
  makeApiClient<Api>(api: new (configuration: never) => Api): Api;
}

type ApiClass<Api> = new (configuration: never) => Api;

/** The part of @kubernetes/client-node that is used; the package is optional, so its types may not be there. */
export interface ClientPackage {
  readonly KubeConfig: new () => KubeConfig;
  readonly BatchV1Api: ApiClass<BatchApi>;
  readonly CoreV1Api: ApiClass<CoreApi>;
  readonly AuthorizationV1Api: ApiClass<AuthorizationApi>;
}

/**
 * Loads the package. It takes 70 MB with the 65 packages that it needs, as much as half of pipe, for what only clusters
 * need: so it is an optional peer. Throws a StageError if it is not installed, or does not work with this Node.
 */
export async function loadClientPackage(): Promise<ClientPackage> {
  try {
    return (await import(PACKAGE)) as ClientPackage;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isAbsent = code === 'ERR_MODULE_NOT_FOUND' && message.includes(PACKAGE);
    throw new StageError(
      isAbsent
        ? `An executor of the kind kubernetes needs the package ${PACKAGE}, which is not installed.`
        : `The package ${PACKAGE} cannot be loaded: ${message}`,
      { hint: `Install it next to pipe: npm install ${PACKAGE}@1 (its version 2 needs Node 22.19).` },
    );
  }
}
