import { type StageContext, StageError } from '../../contract/stage-context.ts';
import type { Problem } from '../../contract/stage-type.ts';
import { familyOf, parameterCount } from '../../model/families/families.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { openWeights } from '../../model/files/folder-weights.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { readConfig, writeModelFolder } from '../../model/files/model-folder.ts';
import { configOf } from '../../model/files/model-piece.ts';
import { checkHparams, openAiWeights } from '../../model/files/openai/openai-weights.ts';
import type { TensorSource } from '../../model/files/safetensors.ts';
import { WEIGHTS, WEIGHTS_INDEX } from '../../model/files/safetensors-index.ts';
import { encodingOf, writeTokenizerFiles } from '../../model/files/tokenizer-files.ts';
import { randomWeights } from '../../model/network/random-weights.ts';
import { urlProblem } from '../network/network-error.ts';
import { withProgress } from '../training/tensor-progress.ts';
import { bringHuggingFace, bringOpenAi, Downloads } from './published-files.ts';
import type { PretrainedSettings } from './settings.ts';

const OPENAI_ADDRESS = 'https://openaipublic.blob.core.windows.net/gpt-2/models';
const HUGGINGFACE_ADDRESS = 'https://huggingface.co';

/** Finds a file of the published model by its name there. */
type FindFile = (name: string) => string | undefined;

/** Everything about the settings that would make the stage fail; with a folder, nothing is downloaded. */
export function pretrainedProblems(settings: PretrainedSettings, hasFolder: boolean): Problem[] {
  const { source, model } = settings;
  const problems: Problem[] = [];
  if (model.n_embd % model.n_head !== 0) {
    problems.push({
      message: `n_embd ${model.n_embd} of the model is not a multiple of its n_head ${model.n_head}.`,
    });
  }
  try {
    encodingOf(model);
  } catch (error) {
    problems.push({ message: (error as Error).message });
  }
  return source === 'random' || hasFolder ? problems : [...problems, ...downloadProblems(settings)];
}

function downloadProblems(settings: PretrainedSettings): Problem[] {
  const { source } = settings;
  const base = baseAddress(settings);
  if (base === undefined) {
    return [
      {
        message: `The model does not say where ${source} has it.`,
        hint: `Set \`url\`, or \`${source}\` in the model.`,
      },
    ];
  }
  const problem = urlProblem(base);
  const unpinned = unpinnedFiles(settings);
  return [
    ...(problem === undefined ? [] : [{ message: `Cannot download: ${problem}.` }]),
    ...(unpinned.length === 0
      ? []
      : [
          {
            message: `sha256 pins some of the files but not ${unpinned.join(', ')}.`,
            hint: 'Pin every file, because the address does not count then; or none.',
          },
        ]),
  ];
}

/** Files without which no source is whole, and that `sha256` does not pin; shards are known only later. */
function unpinnedFiles({ source, sha256 }: PretrainedSettings): string[] {
  if (sha256 === undefined) return [];
  const pinned = Object.keys(sha256);
  const needed: readonly (readonly [name: string, also: RegExp])[] =
    source === 'openai'
      ? [
          ['hparams.json', /^hparams\.json$/],
          ['checkpoint', /^checkpoint$/],
          ['model.ckpt.index', /\.index$/],
          ['model.ckpt.data-00000-of-00001', /\.data-\d{5}-of-\d{5}$/],
        ]
      : [
          ['config.json', /^config\.json$/],
          [WEIGHTS, new RegExp(`^(${WEIGHTS}|${WEIGHTS_INDEX})$`)],
        ];
  return needed.filter(([, also]) => !pinned.some((name) => also.test(name))).map(([name]) => name);
}

/** The work of the `pretrained` stage: published or random weights in, a model folder out. */
export async function runPretrained(context: StageContext<PretrainedSettings>): Promise<void> {
  const { settings, outputs } = context;
  const [problem] = pretrainedProblems(settings, context.inputs.folder !== undefined);
  if (problem) throw new StageError(problem.message, problem);
  const config = configOf(settings.model, settings.tie_word_embeddings);
  const downloads = new Downloads(context, baseAddress(settings) ?? '');
  try {
    const { sources, close } = await weights(context, config, downloads);
    try {
      await writeModelFolder(outputs.model!, config, withProgress(sources, context));
    } finally {
      await close();
    }
  } catch (error) {
    throw error instanceof ModelFileError ? await downloads.dropRefused(error) : error;
  }
  await writeTokenizerFiles(outputs.model!, encodingOf(config), config.n_positions);
  const parameters = parameterCount(config);
  context.fact('parameters', parameters);
  context.log(`${parameters.toLocaleString('en')} parameters`);
}

interface Weights {
  readonly sources: readonly TensorSource[];
  close(): Promise<void>;
}

async function weights(
  context: StageContext<PretrainedSettings>,
  config: ModelConfig,
  downloads: Downloads,
): Promise<Weights> {
  const { source, seed } = context.settings;
  const nothing = async () => {};
  if (source === 'random') return { sources: randomWeights(config, seed), close: nothing };
  const find = await publishedFiles(context, config, downloads);
  if (source === 'openai') return { sources: await openAiWeights(find, config), close: nothing };
  return await huggingFaceWeights(find, config);
}

/** The files of the input `folder`, or downloaded ones. */
async function publishedFiles(
  context: StageContext<PretrainedSettings>,
  config: ModelConfig,
  downloads: Downloads,
): Promise<FindFile> {
  const { settings, inputs } = context;
  const { folder } = inputs;
  if (folder !== undefined) {
    const hparams = settings.source === 'openai' ? folder.file('hparams.json') : undefined;
    if (hparams !== undefined) await checkHparams(hparams, config);
    if (folder.file(WEIGHTS) !== undefined && folder.file(WEIGHTS_INDEX) !== undefined) {
      context.warnOfResult(
        `${WEIGHTS_INDEX} is ignored, because there is ${WEIGHTS}: as in transformers, the one file counts.`,
      );
    }
    return (name) => folder.file(name);
  }
  if (settings.source === 'openai') await bringOpenAi(downloads.bring, config);
  else await bringHuggingFace(downloads.bring, () => publishedConfig(downloads.file, config));
  return downloads.file;
}

/**
 * The weights of a Hugging Face folder. Where a head of its own is wanted and the folder has a tied one, the head
 * begins as a copy of the token embedding.
 */
async function huggingFaceWeights(find: FindFile, config: ModelConfig): Promise<Weights> {
  const stored = await publishedConfig(find, config);
  const { sources, close } = await openWeights({ file: find }, stored);
  if (config.tie_word_embeddings === stored.tie_word_embeddings) return { sources, close };
  const { names } = familyOf(config);
  const embedding = sources.find(({ name }) => name === names.tokens)!;
  return { sources: [...sources, { ...embedding, name: names.head }], close };
}

/** What config.json says of the published model. Throws StageError where that cannot become the model. */
async function publishedConfig(find: FindFile, config: ModelConfig): Promise<ModelConfig> {
  const stored = await readConfig({ file: find });
  const differences = (
    ['n_layer', 'n_head', 'n_embd', 'n_positions', 'vocab_size', 'layer_norm_epsilon'] as const
  )
    .filter((name) => stored[name] !== config[name])
    .map((name) => `${name} is ${stored[name]}, the model's is ${config[name]}`);
  if (differences.length > 0) {
    throw new ModelFileError(`config.json describes another model: ${differences.join('; ')}.`, {
      files: ['config.json'],
    });
  }
  if (config.tie_word_embeddings && !stored.tie_word_embeddings) {
    throw new StageError('The published model has a head of its own, which cannot be tied.', {
      hint: 'Set tie_word_embeddings: false.',
    });
  }
  return stored;
}

function baseAddress({ source, model, url, revision }: PretrainedSettings): string | undefined {
  if (url !== undefined) return url;
  if (source === 'openai') return model.openai && `${OPENAI_ADDRESS}/${model.openai}`;
  return model.huggingface && `${HUGGINGFACE_ADDRESS}/${model.huggingface}/resolve/${revision}`;
}
