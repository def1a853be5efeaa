import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../families/model-config.ts';
import { type Adapter, CausalModel } from '../network/causal-model.ts';
import { CONFIG, configFile, generationConfigFile, readConfigFile } from './config-file.ts';
import { type ModelFolder, openWeights, WEIGHTS } from './folder-weights.ts';
import { ModelFileError } from './model-file-error.ts';
import { type TensorSource, writeSafetensors } from './safetensors.ts';

/** Files of a folder that belong to its tokenizer; what is there goes along when a model is saved again. */
export const TOKENIZER_FILES = [
  'vocab.json',
  'merges.txt',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
];

/** Reads the config.json of a model folder. Throws ModelFileError. */
export async function readConfig(folder: ModelFolder): Promise<ModelConfig> {
  const path = folder.file(CONFIG);
  if (path !== undefined) return await readConfigFile(path);
  throw new ModelFileError(`the model folder has no ${CONFIG}`, { files: [CONFIG] });
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
