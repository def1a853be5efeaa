import type { InputArtifact } from '../../contract/stage-context.ts';
import { familyOf } from '../families/families.ts';
import type { ModelFamily } from '../families/family.ts';
import type { ModelConfig } from '../families/model-config.ts';
import { ModelFileError } from './model-file-error.ts';
import { SafetensorsFile, type TensorSource } from './safetensors.ts';
import { readWeightMap, shardNames, WEIGHTS, WEIGHTS_INDEX, type WeightMap } from './safetensors-index.ts';

export { WEIGHTS } from './safetensors-index.ts';

/** A folder as a stage sees it, or any other set of files that are found by relative path. */
export type ModelFolder = Pick<InputArtifact, 'file'>;

/** The parameters of a folder in the order of the computation, read as their turn comes. */
export interface FolderWeights {
  readonly sources: readonly TensorSource[];
  close(): Promise<void>;
}

/** Weights of other programs, of which a folder may have nothing else, and what to do then. */
const OTHER_WEIGHTS = [
  { name: 'pytorch_model.bin', is: 'pickles of PyTorch, which can run any code' },
  { name: 'pytorch_model.bin.index.json', is: 'pickles of PyTorch, which can run any code' },
  { name: 'tf_model.h5', is: 'weights of TensorFlow' },
  { name: 'flax_model.msgpack', is: 'weights of Flax' },
  { name: 'adapter_model.safetensors', is: 'an adapter without its model' },
] as const;

/** The command that writes a folder's weights, whatever their format, as safetensors. */
export const CONVERT =
  "python3 -c \"from transformers import AutoModelForCausalLM as M; M.from_pretrained('FOLDER').save_pretrained('FOLDER')\"";

/**
 * Opens the weights of a folder and checks them against its configuration. Names with and without the
 * family's prefix are accepted, in one file or in shards; constants and the copy of a tied head are skipped. Throws
 * ModelFileError.
 */
export async function openWeights(folder: ModelFolder, config: ModelConfig): Promise<FolderWeights> {
  const files = await openFiles(folder);
  const close = async (): Promise<void> => {
    for (const file of files) await file.close();
  };
  try {
    const family = familyOf(config);
    return { sources: sourcesIn(files, family, family.parameterShapes(config)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Opens the files that `transformers` would read (its `modeling_utils.py`): the one file if there is one, whatever an index says,
 * else those of the index.
 */
async function openFiles(folder: ModelFolder): Promise<SafetensorsFile[]> {
  const single = folder.file(WEIGHTS);
  if (single !== undefined) return [await SafetensorsFile.open(single, WEIGHTS)];
  const index = folder.file(WEIGHTS_INDEX);
  if (index === undefined) throw withoutWeights(folder);
  const map = await readWeightMap(index);
  const files: SafetensorsFile[] = [];
  try {
    for (const name of shardNames(map)) files.push(await openShard(folder, name));
    checkIndex(map, files);
    return files;
  } catch (error) {
    for (const file of files) await file.close();
    throw error;
  }
}

async function openShard(folder: ModelFolder, name: string): Promise<SafetensorsFile> {
  const path = folder.file(name);
  if (path !== undefined) return await SafetensorsFile.open(path, name);
  throw ModelFileError.of(
    WEIGHTS_INDEX,
    `it names the file ${name}, which is not there`,
    'Copy every file of the model; or the index is an old one, and can be removed.',
  );
}

/** The index and its files must be of the same model, and no tensor may be a matter of which file is read last. */
function checkIndex(map: WeightMap, files: readonly SafetensorsFile[]): void {
  const inFile = new Map<string, string>();
  for (const { name, tensors } of files) {
    for (const tensor of tensors.keys()) {
      const other = inFile.get(tensor);
      if (other !== undefined) {
        throw new ModelFileError(`tensor ${tensor} is in both ${other} and ${name}`, {
          files: [WEIGHTS_INDEX, other, name],
        });
      }
      inFile.set(tensor, name);
    }
  }
  for (const [tensor, file] of map) {
    const found = inFile.get(tensor);
    if (found === file) continue;
    const where = found === undefined ? 'which does not have it' : `but it is in ${found}`;
    throw new ModelFileError(`${WEIGHTS_INDEX}: tensor ${tensor} should be in ${file}, ${where}`, {
      files: [WEIGHTS_INDEX, file],
      hint: 'The index and the files are of different models: copy all of them again from one place.',
    });
  }
}

function withoutWeights(folder: ModelFolder): ModelFileError {
  const other = OTHER_WEIGHTS.find(({ name }) => folder.file(name) !== undefined);
  if (other === undefined) {
    return new ModelFileError(`the model folder has no ${WEIGHTS}`, {
      files: [WEIGHTS],
      hint: 'Only weights in the safetensors format are read.',
    });
  }
  return new ModelFileError(
    `the model folder has no ${WEIGHTS}. It has ${other.name}: ${other.is}, and only safetensors is read`,
    { files: [WEIGHTS], hint: `Convert it with (FOLDER is the model's folder): ${CONVERT}` },
  );
}

function sourcesIn(
  files: readonly SafetensorsFile[],
  family: ModelFamily,
  shapes: ReadonlyMap<string, readonly number[]>,
): TensorSource[] {
  const stored = new Map(
    files.flatMap((file) => [...file.tensors.keys()].map((name) => [name, file] as const)),
  );
  checkNames(stored, family, shapes);
  return [...shapes].map(([name, shape]) => {
    const storedName = stored.has(name) ? name : withoutPrefix(name, family);
    const file = stored.get(storedName);
    if (!file) throw ModelFileError.of(files[0]!.name, `tensor ${name} [${shape}] is missing`);
    const { shape: found, dtype } = file.tensors.get(storedName)!;
    if (`${found}` !== `${shape}`) {
      throw ModelFileError.of(
        file.name,
        `tensor ${storedName} is [${found}], config.json makes it [${shape}]`,
      );
    }
    if (!['F32', 'F16', 'BF16'].includes(dtype))
      throw ModelFileError.of(file.name, `tensor ${storedName} is ${dtype}, expected F32, F16 or BF16`);
    return { name, dtype: 'F32', shape, bytes: () => file.readFloats(storedName) };
  });
}

/** `transformer.h.0.ln_1.weight` as models without a head call it: `h.0.ln_1.weight`. */
function withoutPrefix(name: string, { huggingFace: { prefix } }: ModelFamily): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function checkNames(
  stored: ReadonlyMap<string, SafetensorsFile>,
  { names, title, huggingFace }: ModelFamily,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [name, file] of stored) {
    const known = shapes.has(name) || shapes.has(huggingFace.prefix + name);
    if (!known && !huggingFace.isConstant(name) && name !== names.head) {
      throw ModelFileError.of(
        file.name,
        `tensor ${name} [${file.tensors.get(name)!.shape}] is not part of a ${title}`,
      );
    }
  }
}
