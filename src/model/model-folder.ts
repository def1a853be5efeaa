import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { InputArtifact } from '../contract/stage-context.ts';
import { configFile, generationConfigFile, readConfigFile } from './config-file.ts';
import { Gpt2, type Gpt2Config, parameterShapes } from './gpt2.ts';
import { SafetensorsFile, type TensorSource, writeSafetensors } from './safetensors.ts';

const WEIGHTS = 'model.safetensors';
const WEIGHTS_INDEX = 'model.safetensors.index.json';

/** Files of a folder that belong to its tokenizer; what is there goes along when a model is saved again. */
const TOKENIZER_FILES = [
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
export async function readConfig(folder: ModelFolder): Promise<Gpt2Config> {
  return await readConfigFile(requiredFile(folder, 'config.json'));
}

/**
 * Loads a GPT-2 from a Hugging Face folder onto the current engine, tensor by tensor. Throws an Error that
 * names the tensor and both shapes where the weights do not fit config.json.
 */
export async function loadModel(folder: ModelFolder): Promise<Gpt2> {
  const config = await readConfig(folder);
  const parameters = new Map<string, tf.Variable>();
  try {
    await readWeights(folder, config, async (name, shape, read) => {
      const initial = tf.tensor(await read(), [...shape], 'float32');
      parameters.set(name, tf.variable(initial));
      initial.dispose();
    });
    return new Gpt2(config, parameters);
  } catch (error) {
    tf.dispose([...parameters.values()]);
    throw error;
  }
}

/**
 * Writes a model as a Hugging Face folder, with the tokenizer files of the folder that it came from.
 * The same parameters give the same bytes.
 */
export async function saveModel(directory: string, model: Gpt2, tokenizerFrom: ModelFolder): Promise<void> {
  const sources = [...model.parameters].map(([name, variable]): TensorSource => {
    return { name, dtype: 'F32', shape: variable.shape, bytes: () => variable.data<'float32'>() };
  });
  await writeModelFolder(directory, model.config, sources);
  for (const name of TOKENIZER_FILES) {
    const path = tokenizerFrom.file(name);
    if (path !== undefined) await copyFile(path, join(directory, name));
  }
}

/** Writes config.json, generation_config.json and model.safetensors; the tokenizer files are the caller's. */
export async function writeModelFolder(
  directory: string,
  config: Gpt2Config,
  sources: Iterable<TensorSource>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), configFile(config));
  await writeFile(join(directory, 'generation_config.json'), generationConfigFile(config));
  await writeSafetensors(join(directory, WEIGHTS), sources, { format: 'pt' });
}

/**
 * Hands over every parameter of a folder's weights in the order of the computation. Names with and without
 * `transformer.` are accepted, in one file or in shards; `*.attn.bias` and `*.attn.masked_bias` (constant masks
 * that old versions of `transformers` saved) and a tied head are skipped.
 */
export async function readWeights(
  folder: ModelFolder,
  config: Gpt2Config,
  take: (name: string, shape: readonly number[], read: () => Promise<Float32Array>) => Promise<void>,
): Promise<void> {
  const files = await openWeights(folder);
  try {
    const stored = new Map<string, SafetensorsFile>();
    for (const file of files) for (const name of file.tensors.keys()) stored.set(name, file);
    const shapes = parameterShapes(config);
    checkNames(stored, shapes);
    for (const [name, shape] of shapes) {
      const storedName = [name, shortName(name)].find((candidate) => stored.has(candidate))!;
      const file = stored.get(storedName)!;
      const found = file.tensors.get(storedName)!.shape;
      if (`${found}` !== `${shape}`) {
        throw new Error(`${file.path}: tensor ${storedName} is [${found}], config.json makes it [${shape}]`);
      }
      await take(name, shape, () => file.readFloats(storedName));
    }
  } finally {
    for (const file of files) await file.close();
  }
}

/** `transformer.h.0.ln_1.weight` as the models without a head call it: `h.0.ln_1.weight`. */
function shortName(name: string): string {
  return name.replace(/^transformer\./, '');
}

function checkNames(
  stored: ReadonlyMap<string, SafetensorsFile>,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  const path = [...stored.values()][0]?.path ?? WEIGHTS;
  for (const name of shapes.keys()) {
    if (!stored.has(name) && !stored.has(shortName(name))) {
      throw new Error(`${path}: tensor ${name} [${shapes.get(name)}] is missing`);
    }
  }
  for (const [name, file] of stored) {
    const known = shapes.has(name) || shapes.has(`transformer.${name}`);
    if (!known && !/(^|\.)attn\.(masked_)?bias$/.test(name) && name !== 'lm_head.weight') {
      throw new Error(
        `${file.path}: tensor ${name} [${file.tensors.get(name)!.shape}] is not part of a GPT-2`,
      );
    }
  }
}

async function openWeights(folder: ModelFolder): Promise<SafetensorsFile[]> {
  const paths = await weightPaths(folder);
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
  const { weight_map: shards } = JSON.parse(await readFile(index, 'utf8')) as {
    weight_map?: Record<string, string>;
  };
  if (shards === undefined) throw new Error(`${index}: there is no weight_map`);
  return [...new Set(Object.values(shards))].map((name) => requiredFile(folder, name));
}

function requiredFile(folder: ModelFolder, name: string): string {
  const path = folder.file(name);
  if (path === undefined) throw new Error(`the model folder has no ${name}`);
  return path;
}
