import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { GgufFile } from '../../model/files/gguf/gguf-file.ts';
import { type GgufVocabulary, ggufVocabulary } from '../../model/files/gguf/gguf-vocabulary.ts';
import { familyIn, ggufConfig, ggufWeights } from '../../model/files/gguf/gguf-weights.ts';
import type { GgufTensorType } from '../../model/files/gguf/tensor-types.ts';
import { writeTokenizerFiles } from '../../model/files/tokenizer/encoding-files.ts';
import { modelTokenizer } from '../../model/files/tokenizer/model-tokenizer.ts';
import { writeOwnTokenizer } from '../../model/files/tokenizer/own-tokenizer-files.ts';
import { ggufName } from './addresses.ts';
import type { Downloads } from './downloads.ts';
import { type ModelSource, withHead } from './model-source.ts';
import { checkPublished } from './published-config.ts';
import { required } from './published-files.ts';
import type { PretrainedSettings } from './settings.ts';
import { tellTokenizer } from './tell-tokenizer.ts';

type Context = StageContext<PretrainedSettings>;

/** The model in a GGUF file: configuration and tokenizer from its metadata, its weights in float32. */
export async function ggufSource(context: Context, downloads: Downloads): Promise<ModelSource> {
  const { settings } = context;
  const { path, name } = await ggufFile(context, downloads);
  const file = await GgufFile.open(path, name);
  try {
    // Before its tokenizer: a model of another family is refused as such.
    familyIn(file.metadata);
    const vocabulary = ggufVocabulary(file.metadata);
    const stored = await ggufConfig(file, vocabulary);
    checkPublished(name, stored, settings);
    const tokenizer = await modelTokenizer(vocabulary.vocabulary, stored, true);
    tellTokenizer(tokenizer, context);
    tellGguf(file, vocabulary, context);
    const writeTokenizer = async (directory: string): Promise<void> => {
      const { encoding } = tokenizer.tokenizer;
      if (encoding !== 'model')
        await writeTokenizerFiles(directory, encoding, stored.n_positions, vocabulary.chatTemplate);
      else await writeOwnTokenizer(directory, vocabulary.vocabulary, stored, vocabulary.chatTemplate);
    };
    const model = withHead(stored, ggufWeights(file, stored), context);
    return { ...model, close: () => file.close(), writeTokenizer };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The file, and what messages call it. */
async function ggufFile(
  { settings, inputs: { gguf, folder } }: Context,
  downloads: Downloads,
): Promise<{ readonly path: string; readonly name: string }> {
  // In the store it is called by its digest, which nobody knows.
  if (gguf !== undefined) return { path: gguf.path, name: 'The GGUF file' };
  if (folder !== undefined) {
    const found = folder.files.filter((name) => name.toLowerCase().endsWith('.gguf'));
    const [name, ...more] = found;
    if (name !== undefined && more.length === 0) return { path: folder.file(name)!, name };
    const problem =
      name === undefined ? 'has no GGUF file' : `has ${found.length} GGUF files: ${found.join(', ')}`;
    throw new StageError(`The folder ${problem}.`, { hint: 'Give the file itself as the input `gguf`.' });
  }
  const name = ggufName(settings)!;
  return { path: await required(downloads.bring, name), name };
}

/** Types whose numbers are those of the model, or its nearest of half the bits. */
const UNPACKED: ReadonlySet<GgufTensorType> = new Set(['F32', 'F16', 'BF16']);

function tellGguf(
  file: GgufFile,
  { saysPieces, losesNormalizer }: GgufVocabulary,
  { log, warnOfResult }: Context,
): void {
  const counts = new Map<GgufTensorType, number>();
  for (const { type } of file.tensors.values()) counts.set(type, (counts.get(type) ?? 0) + 1);
  log(`${file.name}: ${listed(counts)} tensors`);
  const rounded = new Map([...counts].filter(([type]) => !UNPACKED.has(type)));
  if (rounded.size > 0) {
    warnOfResult(
      `${file.name} has quantised weights (tensors: ${listed(rounded)}): fine-tuning starts from rounded weights.`,
      'Where the model is published with its own numbers, in safetensors or as F16, take those.',
    );
  }
  if (losesNormalizer) {
    log(
      `${file.name}: texts are not brought into the form NFC, as in llama.cpp; the model's tokenizer.json does that. Letters with separate accents get other tokens.`,
    );
  }
  if (!saysPieces) {
    warnOfResult(
      `${file.name} does not say how its tokenizer cuts a text (tokenizer.ggml.pre): it is taken to be as GPT-2 does.`,
    );
  }
}

function listed(counts: ReadonlyMap<GgufTensorType, number>): string {
  return Array.from(counts, ([type, count]) => `${count} × ${type}`).join(', ');
}
