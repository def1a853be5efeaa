import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { familyOf, parameterCount } from '../../model/families/families.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { openWeights } from '../../model/files/folder-weights.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { copyTokenizerFiles, writeModelFolder } from '../../model/files/model-folder.ts';
import { configOf } from '../../model/files/model-piece.ts';
import { checkHparams, openAiWeights } from '../../model/files/openai/openai-weights.ts';
import type { TensorSource } from '../../model/files/safetensors.ts';
import { WEIGHTS, WEIGHTS_INDEX } from '../../model/files/safetensors-index.ts';
import { encodingOf, writeTokenizerFiles } from '../../model/files/tokenizer/encoding-files.ts';
import { type ModelTokenizer, readModelTokenizer } from '../../model/files/tokenizer/model-tokenizer.ts';
import { randomWeights } from '../../model/network/random-weights.ts';
import { withProgress } from '../training/tensor-progress.ts';
import { Downloads } from './downloads.ts';
import { pretrainedProblems } from './preflight.ts';
import { type FindFile, publishedConfig } from './published-config.ts';
import { bringDescription, bringOpenAi, bringWeights } from './published-files.ts';
import { completePiece, type PretrainedSettings } from './settings.ts';

type Context = StageContext<PretrainedSettings>;

/** A model on its way into a folder. */
interface Weights {
  readonly config: ModelConfig;
  readonly sources: readonly TensorSource[];
  close(): Promise<void>;
  /** Writes the files of its tokenizer. */
  writeTokenizer(directory: string): Promise<void>;
}

/** The work of the `pretrained` stage: published or random weights in, a model folder out. */
export async function runPretrained(context: Context): Promise<void> {
  const { settings, inputs, outputs } = context;
  const [problem] = pretrainedProblems(settings, inputs.folder !== undefined, context);
  if (problem) throw new StageError(problem.message, problem);
  const downloads = new Downloads(context);
  try {
    const { config, sources, close, writeTokenizer } = await weights(context, downloads);
    try {
      await writeModelFolder(outputs.model!, config, withProgress(sources, context));
    } finally {
      await close();
    }
    await writeTokenizer(outputs.model!);
    const parameters = parameterCount(config);
    context.fact('parameters', parameters);
    context.log(`${parameters.toLocaleString('en')} parameters`);
  } catch (error) {
    throw error instanceof ModelFileError ? await downloads.dropRefused(error) : error;
  }
  downloads.tellDigests();
}

async function weights(context: Context, downloads: Downloads): Promise<Weights> {
  const { settings } = context;
  if (settings.source === 'huggingface') return await huggingFaceWeights(context, downloads);
  const config = configOf(completePiece(settings)!, settings.tie_word_embeddings);
  const sources =
    settings.source === 'random'
      ? randomWeights(config, settings.seed)
      : await openAiWeights(await openAiFiles(context, downloads, config), config);
  const writeTokenizer = (directory: string) =>
    writeTokenizerFiles(directory, encodingOf(config), config.n_positions);
  return { config, sources, close: async () => {}, writeTokenizer };
}

/** The files of the input `folder`, or downloaded ones. */
async function openAiFiles(
  { inputs }: Context,
  downloads: Downloads,
  config: ModelConfig,
): Promise<FindFile> {
  const { folder } = inputs;
  if (folder === undefined) {
    await bringOpenAi(downloads.bring, config);
    return downloads.file;
  }
  const hparams = folder.file('hparams.json');
  if (hparams !== undefined) await checkHparams(hparams, config);
  return (name) => folder.file(name);
}

/**
 * The weights of a Hugging Face folder. What is small comes first: configuration and tokenizer are understood before any weights
 * are downloaded. Where a head of its own is wanted and the folder has a tied one, the head begins as a copy of the token
 * embedding.
 */
async function huggingFaceWeights(context: Context, downloads: Downloads): Promise<Weights> {
  const { settings, inputs } = context;
  const { folder } = inputs;
  if (folder === undefined) await bringDescription(downloads.bring, downloads.file);
  const file: FindFile = (name) => (folder ? folder.file(name) : downloads.file(name));
  const stored = await publishedConfig(file, settings);
  const tokenizer = await readModelTokenizer({ file }, stored);
  tellTokenizer(tokenizer, context);
  if (folder === undefined) await bringWeights(downloads.bring);
  else if (file(WEIGHTS) !== undefined && file(WEIGHTS_INDEX) !== undefined) {
    context.warnOfResult(
      `${WEIGHTS_INDEX} is ignored, because there is ${WEIGHTS}: as in transformers, the one file counts.`,
    );
  }
  const { sources, close } = await openWeights({ file }, stored);
  const config = { ...stored, tie_word_embeddings: settings.tie_word_embeddings };
  const writeTokenizer = (directory: string) => writeFolderTokenizer(directory, file, tokenizer, config);
  if (config.tie_word_embeddings === stored.tie_word_embeddings)
    return { config, sources, close, writeTokenizer };
  const { names } = familyOf(config);
  const embedding = sources.find(({ name }) => name === names.tokens)!;
  return { config, sources: [...sources, { ...embedding, name: names.head }], close, writeTokenizer };
}

/** An encoding is written as always, so that its models are the same bytes; a tokenizer of its own is copied. */
async function writeFolderTokenizer(
  directory: string,
  file: FindFile,
  { tokenizer, base, inFolder }: ModelTokenizer,
  { n_positions }: ModelConfig,
): Promise<void> {
  const own = tokenizer.encoding === 'model';
  if (base !== undefined && !(own && inFolder)) await writeTokenizerFiles(directory, base, n_positions);
  if (own) await copyTokenizerFiles(directory, { file });
}

function tellTokenizer(
  { tokenizer, base, inFolder, withoutRow }: ModelTokenizer,
  { log, warnOfResult, settings }: Context,
): void {
  if (tokenizer.encoding === 'model') {
    const built = base === undefined ? '' : `, those of ${base} and added ones`;
    log(`the model has a tokenizer of its own: ${tokenizer.vocabularySize} tokens${built}`);
  } else log(`the model's tokenizer is the encoding ${tokenizer.encoding}`);
  if (!inFolder && base === 'gpt2') {
    warnOfResult(
      `No tokenizer files are ${settings.sha256 ? 'pinned' : 'there'}, so the model is taken to have GPT-2's tokenizer.`,
      'A model of another language needs its own: tokenizer.json, or vocab.json and merges.txt.',
    );
  }
  if (withoutRow.length > 0) {
    warnOfResult(
      `The model has no rows for ${withoutRow.length} added tokens of its tokenizer (${withoutRow.slice(0, 3).join(', ')}${withoutRow.length > 3 ? ', …' : ''}): they are left out.`,
    );
  }
}
