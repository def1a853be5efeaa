import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { type Digest, digestOfBytes } from '../../files/digest.ts';
import type { ObjectStore, StoredArtifact } from '../objects/object-store.ts';
import { type ActionRecord, encodeRecord } from '../records/action-record.ts';
import { type BundleIndex, encodeIndex, indexName } from './bundle-index.ts';
import { paddingOf, TAR_END, tarHeader } from './tar.ts';

/** What goes into a bundle. */
export interface BundleContent extends BundleIndex {
  readonly records: readonly ActionRecord[];
  /** Artifacts that the stages read for which it is made; they are in the store. */
  readonly artifacts: readonly StoredArtifact[];
}

/** An artifact that a bundle should hold is lost or damaged in the store, which has been reported. */
export class LostArtifactError extends Error {
  readonly artifact: StoredArtifact;
  constructor(artifact: StoredArtifact) {
    super(`object ${artifact.digest} is lost`);
    this.artifact = artifact;
  }
}

/**
 * Writes a bundle, whole or not at all: the index, then objects, then records, sorted by name. Returns its size in
 * bytes. Equal content gives equal bytes. Throws a LostArtifactError, a RangeError for a file of more than 8 GiB, and
 * the system's error.
 */
export async function writeBundle(
  path: string,
  { records, artifacts, ...index }: BundleContent,
  store: ObjectStore,
): Promise<number> {
  const objects = new Map<Digest, string>();
  for (const artifact of artifacts) {
    const parts = await store.parts(artifact);
    if (parts === undefined) throw new LostArtifactError(artifact);
    for (const [digest, file] of parts) objects.set(digest, file);
  }
  const draft = `${path}.${process.pid}.part`;
  const file = await open(draft, 'w');
  try {
    const indexText = encodeIndex(index);
    await writeText(file, indexName(indexText), indexText);
    for (const digest of [...objects.keys()].sort()) {
      await writeFile(file, objectName(digest), objects.get(digest)!);
    }
    for (const [name, text] of [...recordTexts(records)].sort(byName)) await writeText(file, name, text);
    await file.writeFile(TAR_END);
    await file.close();
    await rename(draft, path);
    return (await stat(path)).size;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
}

/** Name of an object in a bundle. */
export function objectName(digest: string): string {
  return `objects/${digest}`;
}

/** Name of a record in a bundle: its file has no other one that is short enough. */
export function recordName(text: string): string {
  return `records/${digestOfBytes(text)}.json`;
}

/** The bytes of small outputs stay out: objects that are read are in the bundle, and others are not needed. */
function recordTexts(records: readonly ActionRecord[]): ReadonlyMap<string, string> {
  const texts = records.map((record) => {
    const outputs = Object.entries(record.outputs).map(([name, { inline: _, ...output }]) => [name, output]);
    return encodeRecord({ ...record, outputs: Object.fromEntries(outputs) });
  });
  return new Map(texts.map((text) => [recordName(text), text]));
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}

async function writeText(file: FileHandle, name: string, text: string): Promise<void> {
  const bytes = Buffer.byteLength(text);
  await file.writeFile(
    Buffer.concat([tarHeader({ name, bytes }), Buffer.from(text), Buffer.alloc(paddingOf(bytes))]),
  );
}

async function writeFile(file: FileHandle, name: string, source: string): Promise<void> {
  const { size } = await stat(source);
  await file.writeFile(tarHeader({ name, bytes: size }));
  for await (const chunk of createReadStream(source)) await file.writeFile(chunk as Buffer);
  await file.writeFile(Buffer.alloc(paddingOf(size)));
}
