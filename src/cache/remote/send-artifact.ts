import { stat } from 'node:fs/promises';
import type { Digest } from '../../files/digest.ts';
import type { ObjectStore, StoredArtifact } from '../objects/object-store.ts';
import type { Patience } from './patience.ts';
import type { Asking, RemoteStore } from './stores/remote-store.ts';

/** How an artifact is sent. */
export interface Sending {
  readonly patience: Patience;
  /** Whether what the store has under a name was refused, and is to be replaced. */
  readonly isDamaged: (name: string) => boolean;
  /** Sends one object, with what ends that and counts it. */
  readonly send: (put: (asking: Asking) => Promise<void>) => Promise<void>;
}

/**
 * Uploads the objects of an artifact that a store lacks. What is there in the right size stays, unless it was refused; it need not
 * be here. Gives the object that is neither there nor here, if there is one; of a directory whose tree is lost, that of the tree.
 */
export async function sendArtifact(
  store: RemoteStore,
  artifact: StoredArtifact,
  objects: ObjectStore,
  { patience, isDamaged, send }: Sending,
): Promise<Digest | undefined> {
  const listed = await objects.listed(artifact);
  for (const { digest, bytes } of listed ?? []) {
    const name = `cas/${digest}`;
    const there = await store.size(name, patience.shortly());
    if (there !== undefined && there === (bytes ?? there) && !isDamaged(name)) continue;
    const located = await objects.locate({ artifact: 'file', digest, bytes: bytes ?? 0 });
    if (located?.artifact !== 'file') return digest;
    const source = { file: located.path, bytes: (await stat(located.path)).size, sha256: digest };
    const how = there === undefined ? 'create' : 'replace';
    await send((asking) => store.put(name, source, how, asking));
  }
  return listed === undefined ? artifact.digest : undefined;
}
