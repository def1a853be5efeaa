import { readFile } from 'node:fs/promises';
import { familyOf } from '../../families/families.ts';
import type { OpenAiFormat } from '../../families/file-formats.ts';
import type { ModelConfig } from '../../families/model-config.ts';
import { readJsonObject } from '../json-file.ts';
import { ModelFileError } from '../model-file-error.ts';
import type { TensorSource } from '../safetensors.ts';
import { TensorBundle } from './tensor-bundle.ts';

/** Finds a file of the checkpoint by its name there. */
type FindFile = (name: string) => string | undefined;

const HPARAMS = 'hparams.json';
const CHECKPOINT = 'checkpoint';

/** Compares hparams.json with the shape that the pipeline names. Throws ModelFileError with every difference. */
export async function checkHparams(path: string, config: ModelConfig): Promise<void> {
  const hparams = await readJsonObject(path, HPARAMS);
  const differences = Object.entries(formatOf(config).hparams)
    .filter(([theirs, ours]) => hparams[theirs] !== config[ours])
    .map(
      ([theirs, ours]) =>
        `${theirs} is ${JSON.stringify(hparams[theirs])}, the model's ${ours} is ${config[ours]}`,
    );
  if (differences.length > 0) throw ModelFileError.of(HPARAMS, differences.join('; '));
}

/**
 * The parameters of a checkpoint of OpenAI's under Hugging Face's names, each read when its turn comes.
 * The matrices are the same in both, except a leading dimension of 1 that OpenAI's convolutions have. A head
 * of its own begins as a copy of the token embedding. Throws ModelFileError that names tensor and shapes.
 */
export async function openAiWeights(file: FindFile, config: ModelConfig): Promise<TensorSource[]> {
  const checkpoint = file(CHECKPOINT);
  const prefix = checkpoint === undefined ? 'model.ckpt' : await checkpointPrefix(checkpoint);
  const bundle = await TensorBundle.open(file, prefix);
  checkNames(bundle, config);
  return [...familyOf(config).parameterShapes(config)].map(([name, shape]) => {
    const theirs = formatOf(config).tensorName(name);
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

function checkNames(bundle: TensorBundle, config: ModelConfig): void {
  const { title, parameterShapes } = familyOf(config);
  const known = new Set([...parameterShapes(config).keys()].map(formatOf(config).tensorName));
  for (const { name, shape } of bundle.tensors.values()) {
    if (known.has(name)) continue;
    throw new ModelFileError(
      `tensor ${name} [${shape}] of the checkpoint is not part of a ${title} of ${config.n_layer} layers`,
    );
  }
}

/** The text file `checkpoint` names the newest checkpoint of its folder: `model_checkpoint_path: "model.ckpt"`. */
export async function checkpointPrefix(path: string): Promise<string> {
  const named = /^model_checkpoint_path: "(\w[\w.-]*)"/m.exec(await readFile(path, 'utf8'));
  if (!named) throw ModelFileError.of(CHECKPOINT, 'there is no line model_checkpoint_path: "…"');
  return named[1]!;
}

function formatOf(config: ModelConfig): OpenAiFormat {
  const { title, openAi } = familyOf(config);
  if (openAi) return openAi;
  throw new ModelFileError(`OpenAI published no checkpoint of a ${title}`);
}
