import { lstat } from 'node:fs/promises';
import type { ObjectStore, StoredArtifact } from '../../cache/objects/object-store.ts';
import type { StageSpec } from '../../contract/attempt/spec.ts';
import { StageError } from '../../contract/stage-context.ts';
import { holdsLinks } from '../../files/directory-listing.ts';
import { orAbsent } from '../../files/system-problem.ts';

/**
 * Stores the outputs of an attempt that is done. `keep`: they stay in their place, otherwise they are moved and not copied.
 * Throws a StageError where it did not write what it declares.
 */
export async function storeOutputs(
  outputs: StageSpec['outputs'],
  objects: ObjectStore,
  { keep }: { readonly keep: boolean },
): Promise<Record<string, StoredArtifact>> {
  const missing: string[] = [];
  for (const [name, { path }] of Object.entries(outputs)) {
    if (!(await orAbsent(lstat(path)))) missing.push(`${name} (${path})`);
  }
  if (missing.length > 0) {
    const what = missing.length === 1 ? 'its output' : 'its outputs';
    throw new StageError(`the stage ended without writing ${what} ${missing.join(', ')}`, {
      hint: 'Every declared output must be written, even if it is empty.',
    });
  }
  const stored: [string, StoredArtifact][] = [];
  // What holds symbolic links is copied before the files to which they may lead are moved away.
  const linked = new Set<string>();
  for (const { path } of Object.values(outputs)) if (await holdsLinks(path)) linked.add(path);
  for (const move of [false, true]) {
    for (const [name, { path, artifact }] of Object.entries(outputs)) {
      if (linked.has(path) !== move)
        stored.push([name, await objects.put(path, artifact, { move: move && !keep })]);
    }
  }
  return Object.fromEntries(stored);
}
