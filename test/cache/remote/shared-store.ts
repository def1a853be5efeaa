import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { CacheProblem } from '../../../src/cache/cache-problem.ts';
import { BlobStore } from '../../../src/cache/objects/blob-store.ts';
import { ObjectStore } from '../../../src/cache/objects/object-store.ts';
import { actionKey } from '../../../src/cache/records/action-key.ts';
import { type ActionRecord, RECORD_VERSION } from '../../../src/cache/records/action-record.ts';
import { Patience } from '../../../src/cache/remote/patience.ts';
import { RemoteBlobs } from '../../../src/cache/remote/remote-blobs.ts';
import { RemoteCache } from '../../../src/cache/remote/remote-cache.ts';
import { FolderStore } from '../../../src/cache/remote/stores/folder-store.ts';
import type { RemoteStore } from '../../../src/cache/remote/stores/remote-store.ts';
import type { SigningKey } from '../../../src/cache/remote/trust/signing-key.ts';
import { keyText, type TrustedKey } from '../../../src/cache/remote/trust/trusted-keys.ts';
import { filesBelow } from '../../../src/files/files-below.ts';
import { manifest } from '../examples.ts';

/** A key of somebody. */
export function newKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, key: keyText(publicKey) };
}

export function trusted(name: string, { key }: SigningKey, ...scopes: readonly string[]): TrustedKey {
  return { name, key, scopes };
}

/** A machine with a cache of its own and a remote one. */
export function machine(
  cacheDirectory: string,
  store: RemoteStore,
  {
    keys,
    signingKey,
    scope = 'main',
    patience = new Patience(),
  }: { keys: readonly TrustedKey[]; signingKey?: SigningKey; scope?: string; patience?: Patience },
) {
  const problems: CacheProblem[] = [];
  const onProblem = (problem: CacheProblem) => void problems.push(problem);
  const remote = new RemoteCache({
    ...{ address: store.address, keys, scope, signingKey, cacheDirectory, onProblem, patience },
    open: async () => store,
  });
  const objects = new ObjectStore(
    new RemoteBlobs(new BlobStore(cacheDirectory, onProblem), remote),
    onProblem,
  );
  return { remote, objects, problems };
}

/** A result with a file and a folder of these contents, stored here. */
export async function madeResult(
  cacheDirectory: string,
  name: string,
  contents: readonly string[],
): Promise<ActionRecord> {
  const objects = new ObjectStore(new BlobStore(cacheDirectory, () => {}), () => {});
  const folder = join(cacheDirectory, `of-${name}`);
  await mkdir(folder, { recursive: true });
  for (const [i, content] of contents.entries()) await writeFile(join(folder, String(i)), content);
  const about = manifest({ settings: { name } });
  return {
    ...{ record: RECORD_VERSION, key: actionKey(about), manifest: about, observed: {} },
    outputs: {
      file: await objects.putBytes(contents.join('+')),
      folder: await objects.put(folder, 'directory'),
    },
    provenance: { run: name },
  };
}

/** What reading every output of a record gives: its text by name; undefined for an output that cannot be had. */
export async function readOutputs(
  record: ActionRecord,
  objects: ObjectStore,
): Promise<Record<string, string | undefined>> {
  const texts: [string, string | undefined][] = [];
  for (const [name, output] of Object.entries(record.outputs)) {
    const located = await objects.locate(output);
    const files =
      located === undefined
        ? []
        : located.artifact === 'file'
          ? [located.path]
          : Object.values(located.files);
    const read = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    texts.push([name, located && read.join('|')]);
  }
  return Object.fromEntries(texts);
}

/** A store in which these results lie. */
export async function storeOf(
  directory: string,
  results: readonly ActionRecord[],
  cacheDirectory: string,
  signingKey: SigningKey,
  scope = 'main',
): Promise<FolderStore> {
  await mkdir(directory, { recursive: true });
  const store = new FolderStore(directory);
  const { remote, objects, problems } = machine(cacheDirectory, store, { keys: [], signingKey, scope });
  for (const result of results) remote.upload(result, objects);
  await remote.finish(new AbortController().signal);
  if (problems.length > 0) throw new Error(problems[0]!.message);
  return store;
}

/** Everything in a store's folder by its name. */
export async function contentOf(directory: string): Promise<Map<string, Buffer>> {
  const content = new Map<string, Buffer>();
  for (const name of await readdir(directory))
    for (const file of await filesBelow(join(directory, name)))
      content.set(relative(directory, file), await readFile(file));
  return content;
}
