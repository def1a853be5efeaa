import { isObject, type JsonObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { type Digested, isDigest } from '../../../files/digest.ts';
import type { Cluster } from './cluster.ts';

/** How an attempt was handed in. */
export interface HandedIn {
  /** Of its Job. */
  readonly name: string;
  /** Where runner and pod meet in a store: the spec that is there. */
  readonly order?: Digested;
}

/**
 * How an attempt was handed in to a cluster, and through the store at that address if there is one; undefined if it was not, as far as
 * anybody can tell. Throws a StageError if that was to another cluster or store.
 */
export function handedIn(
  attemptDirectory: string,
  reference: JsonObject,
  { server, namespace }: Pick<Cluster, 'server' | 'namespace'>,
  store: string | undefined,
): HandedIn | undefined {
  if (typeof reference.job !== 'string') return undefined;
  const there = `the namespace ${reference.namespace} of ${reference.server}`;
  const elsewhere = (what: string, here: string, hint: string) =>
    new StageError(`an attempt at this stage was handed in to ${what}; this run uses ${here}`, {
      hint: `${hint} If it is gone for good, remove ${attemptDirectory}`,
    });
  if (reference.server !== server || reference.namespace !== namespace) {
    const hint =
      'Choose that cluster as it was then (`context` and `namespace` of the executor, or KUBECONFIG).';
    throw elsewhere(there, `${namespace} of ${server}`, hint);
  }
  const { job: name, order } = reference;
  if (store === undefined) return { name };
  if (reference.store !== store)
    throw elsewhere(
      `${there} through ${reference.store}`,
      store,
      `Choose that store: --remote ${reference.store}.`,
    );
  return isObject(order) && isDigest(order.digest) && typeof order.bytes === 'number'
    ? { name, order: { digest: order.digest, bytes: order.bytes } }
    : undefined;
}
