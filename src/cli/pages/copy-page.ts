import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ObjectStore } from '../../cache/objects/object-store.ts';
import { type Digest, digestOfBytes } from '../../files/digest.ts';
import { explained, ifThere } from '../../files/system-problem.ts';

/**
 * Copies a page out of the store, unless it is there already; says which of the two, or that the store has lost it. Throws a
 * CacheError where it cannot be written.
 */
export async function copyPage(
  objects: ObjectStore,
  { digest, bytes }: { readonly digest: string; readonly bytes: number },
  page: string,
): Promise<'there' | 'copied' | 'lost'> {
  // At once: a page is small, and a run with nothing to do would wait longer for a thread than for the disk.
  if (ifThere(() => digestOfBytes(readFileSync(page))) === digest) return 'there';
  await rm(page, { force: true });
  const artifact = { artifact: 'file', digest: digest as Digest, bytes } as const;
  return (await explained(`write ${page}`, () => objects.materialize(artifact, page))) ? 'copied' : 'lost';
}
