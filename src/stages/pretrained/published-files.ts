import { StageError } from '../../contract/stage-context.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { CONFIG } from '../../model/files/config-file.ts';
import { CONVERT } from '../../model/files/folder-weights.ts';
import { TOKENIZER_FILES } from '../../model/files/model-folder.ts';
import { checkHparams, checkpointPrefix } from '../../model/files/openai/openai-weights.ts';
import { bundleDataFiles } from '../../model/files/openai/tensor-bundle.ts';
import { readWeightMap, shardNames, WEIGHTS, WEIGHTS_INDEX } from '../../model/files/safetensors-index.ts';
import { OTHER_TOKENIZERS } from '../../model/files/tokenizer/model-tokenizer.ts';

/** Brings a file of a published model by its name there: its path here, or undefined if there is no such file. */
export type Bring = (name: string) => Promise<string | undefined>;

/**
 * Brings the files of an OpenAI checkpoint. What is small comes first and is checked: at 5 MB/s a wrong size would
 * be a loss of minutes.
 */
export async function bringOpenAi(bring: Bring, config: ModelConfig): Promise<void> {
  const hparams = await bring('hparams.json');
  if (hparams !== undefined) await checkHparams(hparams, config);
  const checkpoint = await bring('checkpoint');
  const prefix = checkpoint === undefined ? 'model.ckpt' : await checkpointPrefix(checkpoint);
  const index = await required(bring, `${prefix}.index`);
  for (const name of await bundleDataFiles(index, prefix)) await required(bring, name);
}

/** Files of a Hugging Face folder that say what the model's tokens are, and what ends a reply. */
const DESCRIPTION = [...TOKENIZER_FILES, 'generation_config.json'];

/** Those that hold a vocabulary. */
const VOCABULARIES = ['tokenizer.json', 'vocab.json', 'merges.txt'];

/** Brings what describes the model of a Hugging Face repository: its config.json, and the files of its tokenizer as far as they are there. */
export async function bringDescription(
  bring: Bring,
  file: (name: string) => string | undefined,
): Promise<void> {
  await required(bring, CONFIG);
  for (const name of DESCRIPTION) await bring(name);
  if (VOCABULARIES.some((name) => file(name) !== undefined)) return;
  for (const name of OTHER_TOKENIZERS) await bring(name);
}

/** Brings the weights of a Hugging Face repository: one file, or an index and its shards. */
export async function bringWeights(bring: Bring): Promise<void> {
  if ((await bring(WEIGHTS)) !== undefined) return;
  const index = await bring(WEIGHTS_INDEX);
  if (index === undefined) {
    throw new StageError(`There is neither ${WEIGHTS} nor ${WEIGHTS_INDEX}.`, {
      hint: `Only weights in the safetensors format are read: choose a revision that has them. Pickles (pytorch_model.bin) can be downloaded by hand and converted, for the input \`folder\`, with: ${CONVERT}`,
    });
  }
  for (const name of shardNames(await readWeightMap(index))) await required(bring, name);
}

/** Brings the file of a name without which there is no model. */
export async function required(bring: Bring, name: string): Promise<string> {
  const path = await bring(name);
  if (path !== undefined) return path;
  throw new StageError(`There is no file ${name}.`, {
    hint: 'Where sha256 pins files, it must pin this one too.',
  });
}
