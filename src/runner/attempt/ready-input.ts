import { join } from 'node:path';
import type { ObjectStore, StoredArtifact } from '../../cache/objects/object-store.ts';
import type { InputsToBring, SpecInput } from '../../contract/attempt/spec.ts';
import { fittingFileName } from '../../contract/file-name.ts';

/** Where the copy of an input is. Labels of variants hold any character. */
export function copyOf(copies: string, folder: string, name: string): string {
  return join(copies, folder, fittingFileName(name, encodeURIComponent(name)));
}

/**
 * An artifact as a stage's process is given it: in place, or copied to `copy`. Its bytes are hashed now, those of a copy as they are
 * copied. Undefined where it is lost or damaged.
 */
export async function readyInput(
  objects: ObjectStore,
  artifact: StoredArtifact,
  access: InputsToBring['access'],
  copy: string,
): Promise<SpecInput | undefined> {
  const isCopy = access === 'copy';
  const located = isCopy ? await objects.materialize(artifact, copy) : await objects.locate(artifact);
  return located && { digest: artifact.digest, ...located, ...(isCopy && { path: copy }) };
}
