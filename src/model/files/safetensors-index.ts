import { readJsonObject } from './json-file.ts';
import { ModelFileError } from './model-file-error.ts';

/** Names of a model's weights in a Hugging Face folder: one file, or an index and the files that it names. */
export const WEIGHTS = 'model.safetensors';
export const WEIGHTS_INDEX = 'model.safetensors.index.json';

/** Which file each tensor is in, by an index. */
export type WeightMap = ReadonlyMap<string, string>;

/**
 * Reads the index of a folder. The files that it names are in the folder of the index: a name that leads anywhere else is
 * refused, because it comes from the network. Throws ModelFileError.
 */
export async function readWeightMap(indexPath: string): Promise<WeightMap> {
  const { weight_map: map } = await readJsonObject(indexPath, WEIGHTS_INDEX);
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw ModelFileError.of(WEIGHTS_INDEX, 'there is no weight_map');
  const entries = Object.entries(map);
  if (entries.length === 0) throw ModelFileError.of(WEIGHTS_INDEX, 'weight_map names no file');
  for (const [, file] of entries) {
    if (typeof file === 'string' && /^\w[\w.-]*\.safetensors$/.test(file)) continue;
    throw ModelFileError.of(
      WEIGHTS_INDEX,
      `${JSON.stringify(file)} is not the name of a safetensors file${/\.bin"$/.test(JSON.stringify(file)) ? ' but of a pickle, which is not read' : ''}`,
    );
  }
  return new Map(entries as [string, string][]);
}

/** Names of the files of an index, each once. */
export function shardNames(map: WeightMap): string[] {
  return [...new Set(map.values())].sort();
}
