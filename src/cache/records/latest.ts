import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestedFileName, fittingFileName } from '../../contract/file-name.ts';
import { type Digest, isDigest } from '../../files/digest.ts';
import { decodeMemo, writeMemo } from '../../files/memo.ts';
import { readSmallText } from '../../files/read-small-text.ts';
import { explained } from '../../files/system-problem.ts';

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
  return namesIn(folder)
    .sort()
    .flatMap((name) => readLatest(join(folder, name)) ?? []);
}

/** Remembers the key of a stage. Nothing is written when it is the same as before. */
export async function rememberKey(cacheDirectory: string, name: StageName, key: Digest): Promise<void> {
  if ((await latestKey(cacheDirectory, name)) === key) return;
  await explained('remember the keys of this run', () =>
    writeMemo(cacheDirectory, pathOf(cacheDirectory, name), { ...name, key }),
  );
}

function readLatest(path: string): Latest | undefined {
  try {
    const text = readSmallText(path);
    if (text === undefined) return undefined;
    // Files written before there were checksums are JSON alone.
    const latest = text.startsWith('{') ? JSON.parse(text) : decodeMemo(text);
    const { stage, key } = (latest ?? {}) as Partial<Latest>;
    return typeof stage === 'string' && isDigest(key) ? { stage, key } : undefined;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
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
