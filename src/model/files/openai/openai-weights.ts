import { readFile } from 'node:fs/promises';
import { type Gpt2Config, parameterShapes } from '../../network/gpt2.ts';
import { ModelFileError } from '../model-file-error.ts';
import type { TensorSource } from '../safetensors.ts';
import { TensorBundle } from './tensor-bundle.ts';

/** Finds a file of the checkpoint by its name there. */
type FindFile = (name: string) => string | undefined;

/** OpenAI's names in hparams.json for what Hugging Face's config calls differently. */
const HPARAMS = {
  n_vocab: 'vocab_size',
  n_ctx: 'n_positions',
  n_embd: 'n_embd',
  n_head: 'n_head',
  n_layer: 'n_layer',
} as const;

/** Compares hparams.json with the shape that the pipeline names. Throws ModelFileError with every difference. */
export async function checkHparams(path: string, config: Gpt2Config): Promise<void> {
  let hparams: Record<string, unknown>;
  try {
    hparams = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new ModelFileError(`${path}: not JSON (${(error as Error).message})`);
  }
  const differences = Object.entries(HPARAMS)
    .filter(([theirs, ours]) => hparams[theirs] !== config[ours])
    .map(
      ([theirs, ours]) =>
        `${theirs} is ${JSON.stringify(hparams[theirs])}, the model's ${ours} is ${config[ours]}`,
    );
  if (differences.length > 0) throw new ModelFileError(`${path}: ${differences.join('; ')}`);
}

/**
 * The parameters of an OpenAI GPT-2 checkpoint under Hugging Face's names, each read when its turn comes.
 * The matrices are the same in both, but for a leading dimension of 1 that OpenAI's convolutions have. A head
 * of its own begins as a copy of the token embedding. Throws ModelFileError that names tensor and shapes.
 */
export async function openAiWeights(file: FindFile, config: Gpt2Config): Promise<TensorSource[]> {
  const checkpoint = file('checkpoint');
  const prefix = checkpoint === undefined ? 'model.ckpt' : await checkpointPrefix(checkpoint);
  const bundle = await TensorBundle.open(file, prefix);
  checkNames(bundle, config);
  return [...parameterShapes(config)].map(([name, shape]) => {
    const theirs = openAiName(name);
    const found = bundle.tensors.get(theirs)?.shape;
    if (!found) throw new ModelFileError(`the checkpoint has no tensor ${theirs} [${shape}]`);
    if (`${found}` !== `${shape}` && `${found}` !== `1,${shape}`) {
      throw new ModelFileError(
        `tensor ${theirs} of the checkpoint is [${found}], the model needs [${shape}]`,
      );
    }
    return { name, dtype: 'F32', shape, bytes: () => bundle.readFloats(theirs) };
  });
}

function checkNames(bundle: TensorBundle, config: Gpt2Config): void {
  const known = new Set([...parameterShapes(config).keys()].map(openAiName));
  for (const { name, shape } of bundle.tensors.values()) {
    if (known.has(name)) continue;
    throw new ModelFileError(
      `tensor ${name} [${shape}] of the checkpoint is not part of a GPT-2 of ${config.n_layer} layers`,
    );
  }
}

/** The text file `checkpoint` names the newest checkpoint of its folder: `model_checkpoint_path: "model.ckpt"`. */
export async function checkpointPrefix(path: string): Promise<string> {
  const named = /^model_checkpoint_path: "(\w[\w.-]*)"/m.exec(await readFile(path, 'utf8'));
  if (!named) throw new ModelFileError(`${path}: there is no line model_checkpoint_path: "…"`);
  return named[1]!;
}

/** `transformer.h.0.attn.c_attn.weight` -> `model/h0/attn/c_attn/w`; the head is a copy of `model/wte`. */
export function openAiName(name: string): string {
  const path = name === 'lm_head.weight' ? 'transformer.wte.weight' : name;
  const layerNorm = /\.ln_[12f]\./.test(path);
  return path
    .replace(/^transformer\./, 'model/')
    .replace(/^model\/(wte|wpe)\.weight$/, 'model/$1')
    .replace(/h\.(\d+)\./, 'h$1/')
    .replace(/\.weight$/, layerNorm ? '/g' : '/w')
    .replace(/\.bias$/, '/b')
    .replaceAll('.', '/');
}
