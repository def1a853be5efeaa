import { isDigest } from '../../files/digest.ts';
import type { StoredArtifact } from './object-store.ts';

/** Whether a value that was read from JSON describes an artifact in the store. */
export function isArtifact(value: unknown): value is StoredArtifact {
  const { artifact, digest, bytes, executable } = Object(value) as Partial<
    Record<keyof StoredArtifact, unknown>
  >;
  return (
    (artifact === 'file' || artifact === 'directory') &&
    isDigest(digest) &&
    Number.isSafeInteger(bytes) &&
    (executable === undefined || executable === true)
  );
}
