import { join } from 'node:path';
import { type StageContext, StageError } from '../contract/stage-context.ts';
import type { Problem } from '../contract/stage-type.ts';
import { type Gpt2Config, parameterCount } from '../model/gpt2.ts';
import { openWeights, readConfig, writeModelFolder } from '../model/model-folder.ts';
import { checkHparams, OPENAI_FILES, openAiWeights } from '../model/openai-weights.ts';
import { randomWeights } from '../model/random-weights.ts';
import type { TensorSource } from '../model/safetensors.ts';
import { encodingOf, writeTokenizerFiles } from '../model/tokenizer-files.ts';
import { downloadFile, takeOverDownload } from './download-file.ts';
import { urlProblem } from './network-error.ts';
import type { PretrainedSettings } from './pretrained.ts';

const OPENAI_ADDRESS = 'https://openaipublic.blob.core.windows.net/gpt-2/models';
const HUGGINGFACE_ADDRESS = 'https://huggingface.co';
const HUGGINGFACE_FILES = ['config.json', 'model.safetensors'] as const;

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
  const { source, sha256 } = settings;
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
  const unpinned = sha256 === undefined ? [] : filesOf(source).filter((name) => sha256[name] === undefined);
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

/** The work of the `pretrained` stage: published or random weights in, a model folder out. */
export async function runPretrained(context: StageContext<PretrainedSettings>): Promise<void> {
  const { settings, outputs, signal } = context;
  const [problem] = pretrainedProblems(settings, context.inputs.folder !== undefined);
  if (problem) throw new StageError(problem.message, problem);
  const { n_layer, n_head, n_embd, n_positions, vocab_size, layer_norm_epsilon, eos_token_id } =
    settings.model;
  const shape = { n_layer, n_head, n_embd, n_positions, vocab_size, layer_norm_epsilon, eos_token_id };
  const config: Gpt2Config = { ...shape, tie_word_embeddings: settings.tie_word_embeddings };

  const { sources, close } = await weights(context, config);
  try {
    let done = 0;
    const watched = sources.map((source): TensorSource => {
      const bytes = async () => {
        signal.throwIfAborted();
        const values = await source.bytes();
        context.progress({ done: ++done, total: sources.length, unit: 'tensors' });
        return values;
      };
      return { ...source, bytes };
    });
    await writeModelFolder(outputs.model!, config, watched);
  } finally {
    await close();
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

async function weights(context: StageContext<PretrainedSettings>, config: Gpt2Config): Promise<Weights> {
  const { source, seed } = context.settings;
  const nothing = async () => {};
  if (source === 'random') return { sources: randomWeights(config, seed), close: nothing };
  const find = await publishedFiles(context, async (name, path) => {
    // Before the weights are asked for: 5 MB/s make a wrong size a loss of minutes.
    if (name === 'hparams.json') await checkHparams(path, config);
  });
  if (source === 'openai') return { sources: await openAiWeights(find, config), close: nothing };
  return await huggingFaceWeights(find, config);
}

/** The files of the input `folder`, or downloaded ones; `check` sees each before the next is fetched. */
async function publishedFiles(
  context: StageContext<PretrainedSettings>,
  check: (name: string, path: string) => Promise<void>,
): Promise<FindFile> {
  const { settings, inputs, workDirectory, earlierWorkDirectories, signal } = context;
  const names = filesOf(settings.source);
  if (inputs.folder !== undefined) {
    const folder = inputs.folder;
    for (const name of names) {
      const path = folder.file(name);
      if (path !== undefined) await check(name, path);
    }
    return (name) => folder.file(name);
  }
  const base = baseAddress(settings)!.replace(/\/*$/, '/');
  for (const name of names) {
    const destination = join(workDirectory, name);
    await takeOverDownload(destination, earlierWorkDirectories);
    const { bytes, sha256 } = await downloadFile({
      url: base + name,
      destination,
      sha256: settings.sha256?.[name],
      signal,
      onProgress: (done, total) => context.progress({ done, total, unit: 'bytes', metrics: { file: name } }),
      onRetry: (message) => context.warn(message),
    });
    context.log(`${name}: ${bytes} bytes, sha256 ${sha256}`);
    await check(name, destination);
  }
  return (name) => ((names as readonly string[]).includes(name) ? join(workDirectory, name) : undefined);
}

/**
 * The weights of a Hugging Face folder. Where a head of its own is wanted and the folder has a tied one, the head
 * begins as a copy of the token embedding.
 */
async function huggingFaceWeights(find: FindFile, config: Gpt2Config): Promise<Weights> {
  const folder = { file: find };
  const stored = await readConfig(folder);
  const differences = (
    ['n_layer', 'n_head', 'n_embd', 'n_positions', 'vocab_size', 'layer_norm_epsilon'] as const
  )
    .filter((name) => stored[name] !== config[name])
    .map((name) => `${name} is ${stored[name]}, the model's is ${config[name]}`);
  if (differences.length > 0)
    throw new StageError(`config.json describes another model: ${differences.join('; ')}.`);
  if (config.tie_word_embeddings && !stored.tie_word_embeddings) {
    throw new StageError('The published model has a head of its own, which cannot be tied.', {
      hint: 'Set tie_word_embeddings: false.',
    });
  }
  const { sources, close } = await openWeights(folder, stored);
  if (config.tie_word_embeddings === stored.tie_word_embeddings) return { sources, close };
  const embedding = sources.find(({ name }) => name === 'transformer.wte.weight')!;
  return { sources: [...sources, { ...embedding, name: 'lm_head.weight' }], close };
}

function filesOf(source: PretrainedSettings['source']): readonly string[] {
  if (source === 'random') return [];
  return source === 'openai' ? OPENAI_FILES : HUGGINGFACE_FILES;
}

function baseAddress({ source, model, url, revision }: PretrainedSettings): string | undefined {
  if (url !== undefined) return url;
  if (source === 'openai') return model.openai && `${OPENAI_ADDRESS}/${model.openai}`;
  return model.huggingface && `${HUGGINGFACE_ADDRESS}/${model.huggingface}/resolve/${revision}`;
}
