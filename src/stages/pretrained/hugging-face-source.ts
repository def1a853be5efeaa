import type { StageContext } from '../../contract/stage-context.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { openWeights } from '../../model/files/folder-weights.ts';
import { copyTokenizerFiles } from '../../model/files/model-folder.ts';
import { WEIGHTS, WEIGHTS_INDEX } from '../../model/files/safetensors-index.ts';
import { readChatTemplate } from '../../model/files/tokenizer/chat-template-file.ts';
import { writeTokenizerFiles } from '../../model/files/tokenizer/encoding-files.ts';
import { type ModelTokenizer, readModelTokenizer } from '../../model/files/tokenizer/model-tokenizer.ts';
import type { Downloads } from './downloads.ts';
import { type ModelSource, withHead } from './model-source.ts';
import { type FindFile, publishedConfig } from './published-config.ts';
import { bringDescription, bringWeights } from './published-files.ts';
import type { PretrainedSettings } from './settings.ts';
import { tellTokenizer } from './tell-tokenizer.ts';

type Context = StageContext<PretrainedSettings>;

/**
 * The weights of a Hugging Face folder. What is small comes first: configuration and tokenizer are understood before any weights
 * are downloaded.
 */
export async function huggingFaceSource(context: Context, downloads: Downloads): Promise<ModelSource> {
  const { settings, inputs } = context;
  const { folder } = inputs;
  if (folder === undefined) await bringDescription(downloads.bring, downloads.file);
  const file: FindFile = (name) => (folder ? folder.file(name) : downloads.file(name));
  const stored = await publishedConfig(file, settings);
  const tokenizer = await readModelTokenizer({ file }, stored);
  tellTokenizer(tokenizer, context);
  if (!tokenizer.inFolder && tokenizer.base === 'gpt2') {
    context.warnOfResult(
      `No tokenizer files are ${settings.sha256 ? 'pinned' : 'there'}, so the model is taken to have GPT-2's tokenizer.`,
      'A model of another language needs its own: tokenizer.json, or vocab.json and merges.txt.',
    );
  }
  if (folder === undefined) await bringWeights(downloads.bring);
  else if (file(WEIGHTS) !== undefined && file(WEIGHTS_INDEX) !== undefined) {
    context.warnOfResult(
      `${WEIGHTS_INDEX} is ignored, because there is ${WEIGHTS}: as in transformers, the one file counts.`,
    );
  }
  const { sources, close } = await openWeights({ file }, stored);
  const writeTokenizer = (directory: string) => writeFolderTokenizer(directory, file, tokenizer, stored);
  return { ...withHead(stored, sources, context), close, writeTokenizer };
}

/** An encoding is written as always, so that its models are the same bytes; a tokenizer of its own is copied. */
async function writeFolderTokenizer(
  directory: string,
  file: FindFile,
  { tokenizer, base, inFolder }: ModelTokenizer,
  { n_positions }: ModelConfig,
): Promise<void> {
  const own = tokenizer.encoding === 'model';
  if (base !== undefined && !(own && inFolder)) {
    const source = await readChatTemplate({ file });
    await writeTokenizerFiles(directory, base, n_positions, source?.template);
  }
  if (own) await copyTokenizerFiles(directory, { file });
}
