import { readFile, stat } from 'node:fs/promises';
import { ModelFileError } from './model-file-error.ts';

/** Names of a model's weights in a Hugging Face folder: one file, or an index and the files that it names. */
export const WEIGHTS = 'model.safetensors';
export const WEIGHTS_INDEX = 'model.safetensors.index.json';

/** A GPT-2's index takes 60 KB. */
const MAX_INDEX_BYTES = 4 * 2 ** 20;

/**
 * Names of the files that an index spreads the weights over, each once. They are in the folder of the index: a name that
 * leads anywhere else is refused, because it comes from the network. Throws ModelFileError.
 */
export async function shardNames(indexPath: string): Promise<string[]> {
  const { size } = await stat(indexPath);
  if (size > MAX_INDEX_BYTES)
    throw new ModelFileError(`${indexPath}: ${size} bytes are too many for an index`);
  const names = Object.values(weightMap(indexPath, await readFile(indexPath, 'utf8')));
  const wrong = names.find((name) => typeof name !== 'string' || !/^\w[\w.-]*\.safetensors$/.test(name));
  if (names.length === 0) throw new ModelFileError(`${indexPath}: weight_map names no file`);
  if (wrong !== undefined) {
    throw new ModelFileError(`${indexPath}: ${JSON.stringify(wrong)} is not the name of a safetensors file`);
  }
  return [...new Set(names as string[])].sort();
}

function weightMap(path: string, text: string): object {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw new ModelFileError(`${path}: not JSON (${(error as Error).message})`);
  }
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map === 'object' && map !== null) return map;
  throw new ModelFileError(`${path}: there is no weight_map`);
}
