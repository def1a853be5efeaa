import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { ObjectStore, StoredArtifact } from '../../../cache/objects/object-store.ts';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import {
  SPEC_VERSION,
  type SpecArtifact,
  type SpecInput,
  type StageSpec,
} from '../../../contract/attempt/spec.ts';
import { type Digest, isDigest } from '../../../files/digest.ts';
import { copyOf, readyInput } from '../../attempt/ready-input.ts';

/**
 * Fills a folder of this machine with all that an order needs: inputs, the code of an own stage, the spec with the paths of here.
 * Gives that spec. Every byte that comes from elsewhere is hashed. Throws an Error where something cannot be had.
 */
export async function broughtSpec(
  orderText: string,
  scratch: string,
  objects: ObjectStore,
): Promise<StageSpec> {
  const order = parseOrder(orderText);
  const { toBring, ...rest } = order;
  const directory = join(scratch, 'attempt');
  const files = attemptFiles(directory);
  await rm(directory, { recursive: true, force: true }); // of a try that broke
  for (const folder of [directory, files.work, files.scratch, files.outputs]) await mkdir(folder);
  const bring = async (named: Readonly<Record<string, SpecArtifact>>, folder: string) => {
    const inputs: [string, SpecInput][] = [];
    for (const [name, artifact] of Object.entries(named)) {
      const copy = copyOf(files.inputs, folder, name);
      const ready = await readyInput(objects, stored(artifact), toBring.access, copy);
      if (ready === undefined) throw new Error(`the input ${name} cannot be had`);
      inputs.push([name, ready]);
    }
    return Object.fromEntries(inputs);
  };
  const collections: [string, Record<string, SpecInput>][] = [];
  for (const [name, members] of Object.entries(toBring.collections))
    collections.push([name, await bring(members, name)]);
  const outputs = Object.entries(rest.outputs).map(([name, { artifact, path }]) => [
    name,
    { artifact, path: join(directory, relative(order.attemptDirectory, path)) },
  ]);
  const spec: StageSpec = {
    ...rest,
    ...(rest.own && { own: await broughtCode(rest.own, objects) }),
    inputs: await bring(toBring.inputs, ''),
    collections: Object.fromEntries(collections),
    outputs: Object.fromEntries(outputs),
    attemptDirectory: directory,
    earlierWorkDirectories: [],
    itemsDirectory: join(scratch, 'items'),
  };
  for (const { path } of Object.values(spec.outputs)) await mkdir(dirname(path), { recursive: true });
  await writeFile(files.events, '');
  await writeFile(files.spec, JSON.stringify(spec));
  return spec;
}

function parseOrder(text: string): StageSpec & Required<Pick<StageSpec, 'toBring'>> {
  // It has the digest that the runner has named.
  const order = JSON.parse(text) as StageSpec;
  if (order.spec !== SPEC_VERSION || order.toBring === undefined)
    throw new Error(
      `the order has format ${order.spec}, this program reads ${SPEC_VERSION}: runner and image differ`,
    );
  return { ...order, toBring: order.toBring };
}

/** Packages are found from where the image starts its programs. */
async function broughtCode(
  { file, digest }: NonNullable<StageSpec['own']>,
  objects: ObjectStore,
): Promise<NonNullable<StageSpec['own']>> {
  const code = { artifact: 'file', digest: digestOf(digest), bytes: 0 } as const;
  await objects.bytes(code); // of what is brought nobody has noted the size
  const located = await objects.locate(code);
  if (located?.artifact !== 'file') throw new Error(`the code of ${file} cannot be had`);
  return { file: join(process.cwd(), basename(file)), bundle: located.path, digest };
}

function stored({ digest, ...artifact }: SpecArtifact): StoredArtifact {
  return { ...artifact, digest: digestOf(digest) };
}

function digestOf(text: string): Digest {
  if (!isDigest(text)) throw new Error(`${text} is no digest`);
  return text;
}
