import { dirname, relative, sep } from 'node:path';
import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import { type RecordedFiles, recordedFiles, recordFiles } from '../../cache/records/recorded-files.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Workspace } from '../workspace.ts';

/** Input files of a pipeline that are not in the checkout, as artifacts: what they were is on record. */
export class RecordedInputs {
  readonly #pipeline: Pipeline;
  readonly #workspace: Workspace;
  #files: RecordedFiles | undefined;

  constructor(pipeline: Pipeline, workspace: Workspace) {
    this.#pipeline = pipeline;
    this.#workspace = workspace;
  }

  /** What a path (absolute) held; undefined if nothing is on record. Its object need not be here. */
  artifact(path: string): StoredArtifact | undefined {
    this.#files ??= recordedFiles(this.#workspace.cacheDirectory, this.#pipeline.name);
    return this.#files.get(pathInPipeline(this.#pipeline, path));
  }
}

/** Notes what the input files (by absolute path) of finished stages were. It only serves later frozen runs, so it may fail. */
export async function recordInputs(
  pipeline: Pipeline,
  inputs: ReadonlyMap<string, StoredArtifact>,
  { cacheDirectory }: Workspace,
): Promise<void> {
  const files = new Map([...inputs].map(([path, file]) => [pathInPipeline(pipeline, path), file]));
  if (files.size > 0) await recordFiles(cacheDirectory, pipeline.name, files).catch(() => {});
}

/** An absolute path as it is on record. */
export function pathInPipeline({ file }: Pick<Pipeline, 'file'>, path: string): string {
  return relative(dirname(file), path).replaceAll(sep, '/');
}
