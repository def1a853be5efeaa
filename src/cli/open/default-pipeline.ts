import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';
import { pipelineFile } from './pipeline-options.ts';

/** Where a pipeline is looked for that no argument names, from the current folder. */
const FOLDERS = ['pipelines', '.'];
const IS_YAML = /\.ya?ml$/;

/**
 * The file of the only pipeline in `pipelines/` and the current folder. Throws a UserError, which lists them, where there is
 * none or more than one.
 */
export function onlyPipeline(): string {
  const files = pipelinesHere();
  const [file, ...others] = files;
  if (file === undefined)
    throw new UserError(
      'there is no pipeline in pipelines/ or in the current folder',
      'name a pipeline file, or go to the folder of the project',
    );
  if (others.length > 0)
    throw new UserError(`there are ${files.length} pipelines, so name one of them`, files.join(', '));
  return file;
}

/** The same for a verb that does without. */
export function pipelineIfOnlyOne(): string | undefined {
  const [file, ...others] = pipelinesHere();
  return others.length > 0 ? undefined : file;
}

function pipelinesHere(): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => IS_YAML.test(name))
      .map((name) => join(folder, name))
      .filter(isPipeline),
  );
}

/** Arguments of a verb that takes stages: `[FILE] STAGE...`; without FILE it is the only pipeline. Throws a UserError. */
export function fileAndStages(names: readonly string[]): {
  readonly file: string;
  readonly stages: readonly string[];
} {
  const [first = '', ...others] = names;
  const isFile = IS_YAML.test(first) || isThere(first);
  const stages = isFile ? others : names;
  if (stages.length === 0) throw new UserError('name a stage', `pipe graph ${first} shows them`);
  return { file: isFile ? pipelineFile(first) : onlyPipeline(), stages };
}

/** Whether a file says that it is a pipeline. It may be wrong all the same, which whoever reads it reports. */
function isPipeline(path: string): boolean {
  try {
    const text = readFileSync(path, 'utf8');
    return (
      /^["']?extends["']?\s*:/m.test(text) ||
      (/^["']?schema["']?\s*:/m.test(text) && /^["']?stages["']?\s*:/m.test(text))
    );
  } catch {
    return false;
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
