import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { parameterCount } from '../../model/families/families.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { writeModelFolder } from '../../model/files/model-folder.ts';
import { configOf } from '../../model/files/model-piece.ts';
import { checkHparams, openAiWeights } from '../../model/files/openai/openai-weights.ts';
import { encodingOf, writeTokenizerFiles } from '../../model/files/tokenizer/encoding-files.ts';
import { randomWeights } from '../../model/network/random-weights.ts';
import { withProgress } from '../training/tensor-progress.ts';
import { Downloads } from './downloads.ts';
import { ggufSource } from './gguf-source.ts';
import { huggingFaceSource } from './hugging-face-source.ts';
import type { ModelSource } from './model-source.ts';
import { pretrainedProblems } from './preflight.ts';
import type { FindFile } from './published-config.ts';
import { bringOpenAi } from './published-files.ts';
import { completePiece, type PretrainedSettings } from './settings.ts';

type Context = StageContext<PretrainedSettings>;

/** The work of the `pretrained` stage: published or random weights in, a model folder out. */
export async function runPretrained(context: Context): Promise<void> {
  const { settings, inputs, outputs } = context;
  const [problem] = pretrainedProblems(settings, Object.keys(inputs), context);
  if (problem) throw new StageError(problem.message, problem);
  const downloads = new Downloads(context);
  try {
    const { config, sources, close, writeTokenizer } = await modelSource(context, downloads);
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

async function modelSource(context: Context, downloads: Downloads): Promise<ModelSource> {
  const { settings } = context;
  if (settings.source === 'huggingface') return await huggingFaceSource(context, downloads);
  if (settings.source === 'gguf') return await ggufSource(context, downloads);
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
