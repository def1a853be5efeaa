import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fittingFileName } from '../../contract/file-name.ts';
import { readMemo, writeMemo } from '../../files/memo.ts';
import { orAbsent } from '../../files/system-problem.ts';
import { isArtifact } from '../objects/is-artifact.ts';
import type { StoredArtifact } from '../objects/object-store.ts';

const FOLDER = 'recorded-files';
/** Older ones are forgotten: nobody reads as many files, but a loop may try as many names. */
const MOST_FILES = 1000;

/** Input files by their path from the folder of the pipeline file, with `/`: clones have other folders. */
export type RecordedFiles = ReadonlyMap<string, StoredArtifact>;

/** What the input files of a pipeline held when a stage that reads them was last up to date. */
export function recordedFiles(cacheDirectory: string, pipeline: string): RecordedFiles {
  const files = Object(readMemo(pathOf(cacheDirectory, pipeline))) as Readonly<Record<string, unknown>>;
  return new Map(
    Object.entries(files).filter((entry): entry is [string, StoredArtifact] => isArtifact(entry[1])),
  );
}

/** What is on record of the input files of every pipeline. */
export async function allRecordedFiles(cacheDirectory: string): Promise<readonly StoredArtifact[]> {
  const folder = join(cacheDirectory, FOLDER);
  const names = (await orAbsent(readdir(folder))) ?? [];
  return names.flatMap((name) => Object.values(Object(readMemo(join(folder, name)))).filter(isArtifact));
}

/** Notes what input files held; nothing is written where that is known. Throws the system's error. */
export async function recordFiles(
  cacheDirectory: string,
  pipeline: string,
  files: RecordedFiles,
): Promise<void> {
  const known = new Map(recordedFiles(cacheDirectory, pipeline));
  const changed = [...files].filter(([path, file]) => !isSame(known.get(path), file));
  if (changed.length === 0) return;
  for (const [path, file] of changed) {
    known.delete(path); // so that it becomes the newest
    known.set(path, file);
  }
  const newest = Object.fromEntries([...known].slice(-MOST_FILES));
  await writeMemo(cacheDirectory, pathOf(cacheDirectory, pipeline), newest);
}

function isSame(one: StoredArtifact | undefined, other: StoredArtifact): boolean {
  return (
    one?.digest === other.digest && one.artifact === other.artifact && one.executable === other.executable
  );
}

function pathOf(cacheDirectory: string, pipeline: string): string {
  const name = fittingFileName(pipeline, encodeURIComponent(pipeline).replaceAll('.', '%2E'));
  return join(cacheDirectory, FOLDER, `${name}.json`);
}
