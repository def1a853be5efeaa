import { readdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestedFileName, fittingFileName } from '../contract/file-name.ts';
import { explained, ifThere } from './cache-error.ts';
import { type Digest, isDigest } from './digest.ts';
import { makeDirectory, temporaryName } from './durable.ts';

/** A stage of a pipeline, as users know it; neither name is part of any action key. */
export interface StageName {
  readonly pipeline: string;
  readonly stage: string;
}

/** A stage and the action that it last was. */
interface Latest {
  readonly stage: string;
  readonly key: Digest;
}

/**
 * The action key that a stage last had, to say what has changed since. Undefined when it is not known: this
 * only serves explanations, so what is damaged is no problem worth a word.
 */
export async function latestKey(cacheDirectory: string, name: StageName): Promise<Digest | undefined> {
  return readLatest(pathOf(cacheDirectory, name))?.key;
}

/** The key that each stage of a pipeline last had, in the order of their names; those of removed stages as well. */
export async function latestKeys(cacheDirectory: string, pipeline: string): Promise<readonly Latest[]> {
  const folder = dirname(pathOf(cacheDirectory, { pipeline, stage: '' }));
  const names = ifThere(() => readdirSync(folder)) ?? [];
  return names.sort().flatMap((name) => readLatest(join(folder, name)) ?? []);
}

/** Remembers the key of a stage. Nothing is written when it is the same as before. */
export async function rememberKey(cacheDirectory: string, name: StageName, key: Digest): Promise<void> {
  if ((await latestKey(cacheDirectory, name)) === key) return;
  await explained('remember the keys of this run', async () => {
    const path = pathOf(cacheDirectory, name);
    const temporary = await temporaryName(cacheDirectory);
    await makeDirectory(dirname(path));
    await writeFile(temporary, `${JSON.stringify({ ...name, key })}\n`);
    await rename(temporary, path);
  });
}

function readLatest(path: string): Latest | undefined {
  // At once: a run with nothing to do reads one for every stage, and waiting would take longer than reading.
  const text = ifThere(() => readFileSync(path, 'utf8'));
  try {
    const { stage, key } = JSON.parse(text ?? '{}') as Partial<Latest>;
    return typeof stage === 'string' && isDigest(key) ? { stage, key } : undefined;
  } catch {
    return undefined;
  }
}

function pathOf(cacheDirectory: string, { pipeline, stage }: StageName): string {
  return join(cacheDirectory, 'latest', fileName(pipeline), `${fileName(stage)}.json`);
}

/** A name as one part of a path: readable, never `..`, and other for other names also where case is lost. */
function fileName(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll('.', '%2E');
  const sameWithoutCase = encoded === encoded.toLowerCase();
  return sameWithoutCase ? fittingFileName(name, encoded) : digestedFileName(name, encoded);
}
