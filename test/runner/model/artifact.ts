import { encodeTree } from '../../../src/cache/objects/tree.ts';
import { type Digest, digestOfBytes } from '../../../src/files/digest.ts';

/** What a stage reads or writes, as a value: the model never looks into a store. */
export type Artifact =
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'directory'; readonly files: Readonly<Record<string, string>> };

/** Path below an input's own -> text. */
export type Files = readonly (readonly [path: string, text: string])[];

/** The files of an artifact at `path`, in the order of their paths. */
export function filesOf(path: string, artifact: Artifact): Files {
  if (artifact.kind === 'file') return [[path, artifact.text]];
  return sorted(Object.entries(artifact.files).map(([name, text]) => [`${path}/${name}`, text] as const));
}

/** By bytes, as `LC_ALL=C sort` does; all names of the model are ASCII. */
export function sorted(files: Files): Files {
  return [...files].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Digests of every object that the store needs to hold for an artifact. */
export function objectsOf(artifact: Artifact): readonly Digest[] {
  if (artifact.kind === 'file') return [digestOfBytes(artifact.text)];
  return [treeDigest(artifact.files), ...Object.values(artifact.files).map(digestOfBytes)];
}

/** The digest that names an artifact. */
export function digestOf(artifact: Artifact): Digest {
  return artifact.kind === 'file' ? digestOfBytes(artifact.text) : treeDigest(artifact.files);
}

function treeDigest(files: Readonly<Record<string, string>>): Digest {
  const entries = Object.entries(files).map(([path, text]) => ({
    path,
    digest: digestOfBytes(text),
    bytes: Buffer.byteLength(text),
    executable: false,
  }));
  return digestOfBytes(encodeTree({ files: entries, emptyDirectories: [] }));
}
