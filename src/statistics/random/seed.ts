import { createHash } from 'node:crypto';

/** The seed that stands for contents: 32 bits of the sha256 of their digests, in whatever order they are given. */
export function seedOf(...digests: readonly string[]): number {
  return createHash('sha256').update(JSON.stringify(digests.toSorted())).digest().readUInt32LE();
}
