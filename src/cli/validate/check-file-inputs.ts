import { StageError } from '../../contract/stage-context.ts';
import { listDirectory, shownState } from '../../files/directory-listing.ts';
import { excluderOf } from '../../files/excluded.ts';
import { type Diagnostic, PipelineError } from '../../pipeline/diagnostics/diagnostic.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Sources } from '../../pipeline/yaml/sources.ts';

/**
 * Looks at what the file inputs of a pipeline hold, without reading files. Throws a PipelineError for all that a run could
 * not store: links that lead nowhere, special files, names that are not the same on every machine.
 */
export async function checkFileInputs({ stages }: Pipeline, sources: Sources): Promise<void> {
  const diagnostics = new Map<string, Diagnostic>();
  for (const source of stages.flatMap(({ inputs }) => Object.values(inputs))) {
    if (source.kind !== 'file' || diagnostics.has(source.path)) continue;
    const { path, place, exclude } = source;
    const error = await lookAt(path, exclude).catch((error: unknown) => error);
    if (error === undefined) continue;
    if (!(error instanceof StageError)) throw error;
    const { message, hint } = error;
    diagnostics.set(path, { code: 'unfit-file', message, place, ...(hint !== undefined && { hint }) });
  }
  if (diagnostics.size > 0) throw new PipelineError([...diagnostics.values()], sources.texts);
}

async function lookAt(path: string, exclude?: readonly string[]): Promise<void> {
  const isDirectory = (await shownState(path)).isDirectory();
  if (isDirectory) await listDirectory(path, exclude && excluderOf(exclude));
}
