import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { InputArtifact } from '../../contract/stage-context.ts';
import { familyOf } from '../families/families.ts';
import type { ModelFamily } from '../families/family.ts';
import type { ModelConfig } from '../families/model-config.ts';
import { type Adapter, CausalModel } from '../network/causal-model.ts';
import { configFile, generationConfigFile, readConfigFile } from './config-file.ts';
import { ModelFileError } from './model-file-error.ts';
import { SafetensorsFile, type TensorSource, writeSafetensors } from './safetensors.ts';
import { shardNames, WEIGHTS, WEIGHTS_INDEX } from './safetensors-index.ts';

/** Files of a folder that belong to its tokenizer; what is there goes along when a model is saved again. */
export const TOKENIZER_FILES = [
  'vocab.json',
  'merges.txt',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/** A folder as a stage sees it, or any other set of files that are found by relative path. */
export type ModelFolder = Pick<InputArtifact, 'file'>;

/** Reads the config.json of a model folder. */
export async function readConfig(folder: ModelFolder): Promise<ModelConfig> {
  return await readConfigFile(requiredFile(folder, 'config.json'));
}

/**
 * Loads a model from a Hugging Face folder onto the current engine, tensor by tensor, and adds its adapter.
 * Throws ModelFileError that names the tensor and both shapes if the weights do not fit config.json.
 */
export async function loadModel(folder: ModelFolder, adapter?: Adapter): Promise<CausalModel> {
  const config = await readConfig(folder);
  const { sources, close } = await openWeights(folder, config);
  const parameters = new Map<string, tf.Variable>();
  try {
    for (const { name, shape, bytes } of sources) {
      const initial = tf.tensor((await bytes()) as Float32Array, [...shape], 'float32');
      parameters.set(name, tf.variable(initial));
      initial.dispose();
    }
    return new CausalModel(config, parameters, adapter);
  } catch (error) {
    tf.dispose([...parameters.values()]);
    throw error;
  } finally {
    await close();
  }
}

/**
 * Writes a model as a Hugging Face folder, an adapter merged into it, with the tokenizer files of the folder that it
 * came from.
 * The same parameters give the same bytes.
 */
export async function saveModel(
  directory: string,
  model: CausalModel,
  tokenizerFrom: ModelFolder,
): Promise<void> {
  const sources = [...model.parameters].map(([name, variable]): TensorSource => {
    return { name, dtype: 'F32', shape: variable.shape, bytes: () => model.mergedData(name) };
  });
  await writeModelFolder(directory, model.config, sources);
  await copyTokenizerFiles(directory, tokenizerFrom);
}

/** Copies the tokenizer files that a folder has, byte by byte. */
export async function copyTokenizerFiles(directory: string, from: ModelFolder): Promise<void> {
  for (const name of TOKENIZER_FILES) {
    const path = from.file(name);
    if (path !== undefined) await copyFile(path, join(directory, name));
  }
}

/** Writes config.json, generation_config.json and model.safetensors; the tokenizer files are the caller's. */
export async function writeModelFolder(
  directory: string,
  config: ModelConfig,
  sources: Iterable<TensorSource>,
  dtype: 'float32' | 'float16' = 'float32',
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), configFile(config, dtype));
  await writeFile(join(directory, 'generation_config.json'), generationConfigFile(config));
  await writeSafetensors(join(directory, WEIGHTS), sources, { format: 'pt' });
}

/** The parameters of a folder in the order of the computation, read as their turn comes. */
export interface FolderWeights {
  readonly sources: readonly TensorSource[];
  close(): Promise<void>;
}

/**
 * Opens the weights of a folder and checks them against its configuration. Names with and without the
 * family's prefix are accepted, in one file or in shards; constants and the copy of a tied head are skipped. Throws
 * ModelFileError.
 */
export async function openWeights(folder: ModelFolder, config: ModelConfig): Promise<FolderWeights> {
  const files = await openFiles(await weightPaths(folder));
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

function sourcesIn(
  files: readonly SafetensorsFile[],
  family: ModelFamily,
  shapes: ReadonlyMap<string, readonly number[]>,
): TensorSource[] {
  const stored = new Map<string, SafetensorsFile>();
  for (const file of files) {
    for (const name of file.tensors.keys()) {
      const other = stored.get(name);
      if (other) throw new ModelFileError(`tensor ${name} is in both ${other.path} and ${file.path}`);
      stored.set(name, file);
    }
  }
  checkNames(stored, family, shapes);
  return [...shapes].map(([name, shape]) => {
    const storedName = stored.has(name) ? name : withoutPrefix(name, family);
    const file = stored.get(storedName);
    if (!file) throw new ModelFileError(`${files[0]!.path}: tensor ${name} [${shape}] is missing`);
    const found = file.tensors.get(storedName)!.shape;
    if (`${found}` !== `${shape}`) {
      throw new ModelFileError(
        `${file.path}: tensor ${storedName} is [${found}], config.json makes it [${shape}]`,
      );
    }
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
      throw new ModelFileError(
        `${file.path}: tensor ${name} [${file.tensors.get(name)!.shape}] is not part of a ${title}`,
      );
    }
  }
}

async function openFiles(paths: readonly string[]): Promise<SafetensorsFile[]> {
  const files: SafetensorsFile[] = [];
  try {
    for (const path of paths) files.push(await SafetensorsFile.open(path));
    return files;
  } catch (error) {
    for (const file of files) await file.close();
    throw error;
  }
}

async function weightPaths(folder: ModelFolder): Promise<string[]> {
  const index = folder.file(WEIGHTS_INDEX);
  if (index === undefined) return [requiredFile(folder, WEIGHTS)];
  return (await shardNames(index)).map((name) => requiredFile(folder, name));
}

function requiredFile(folder: ModelFolder, name: string): string {
  const path = folder.file(name);
  if (path === undefined) throw new ModelFileError(`the model folder has no ${name}`);
  return path;
}
