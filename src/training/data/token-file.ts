import { StageError } from '../../contract/stage-context.ts';
import { SafetensorsFile, writeSafetensors } from '../../model/files/safetensors.ts';
import { ENCODINGS, type Encoding } from '../../text/tokenizer/tokenizer.ts';

/** Tokenized texts, as a `tokens` artifact holds them. */
export interface TokenizedTexts {
  /** `model`: the tokenizer of a model made them. */
  readonly encoding: Encoding | 'model';
  /** Tells the vocabularies of models apart. */
  readonly vocabulary?: string;
  readonly vocabularySize: number;
  /** Id of the token that ends a text; the texts themselves do not hold it. */
  readonly endOfText: number;
  /** Token ids of prompt and response together. */
  readonly texts: readonly Int32Array[];
  /** How many tokens each text's prompt has on its own. */
  readonly promptLengths: readonly number[];
  /** Of conversations: 1 for each token of a text that is to be learnt, 0 for the others. Otherwise absent. */
  readonly counted?: readonly Int32Array[];
}

const FORMAT = 'pipe tokens 1';

/**
 * Writes a `tokens` artifact: safetensors with `token_ids` (all texts one after the other), `offsets` (text i is
 * token_ids[offsets[i]] up to token_ids[offsets[i + 1]]), `prompt_lengths` and, of conversations, `counted`, all int32; encoding, vocabulary size,
 * end of text and, of a model's tokenizer, the digest of its vocabulary are in the metadata.
 */
export async function writeTokens(path: string, tokens: TokenizedTexts): Promise<void> {
  const { texts, promptLengths, counted, encoding, vocabulary, vocabularySize, endOfText } = tokens;
  const offsets = new Int32Array(texts.length + 1);
  for (const [i, { length }] of texts.entries()) offsets[i + 1] = offsets[i]! + length;
  const joined = (parts: readonly Int32Array[]) => {
    const all = new Int32Array(offsets.at(-1)!);
    for (const [i, part] of parts.entries()) all.set(part, offsets[i]);
    return all;
  };
  const tensor = (name: string, values: Int32Array) => ({
    name,
    dtype: 'I32' as const,
    shape: [values.length],
    bytes: () => values,
  });
  await writeSafetensors(
    path,
    [
      tensor('token_ids', joined(texts)),
      tensor('offsets', offsets),
      tensor('prompt_lengths', Int32Array.from(promptLengths)),
      ...(counted ? [tensor('counted', joined(counted))] : []),
    ],
    {
      format: FORMAT,
      encoding,
      ...(vocabulary !== undefined && { vocabulary }),
      vocabulary_size: String(vocabularySize),
      end_of_text: String(endOfText),
    },
  );
}

/** Reads a `tokens` artifact and checks it. Throws StageError if the file is not one, or is inconsistent. */
export async function readTokens(path: string): Promise<TokenizedTexts> {
  const file = await SafetensorsFile.open(path);
  try {
    const { metadata } = file;
    const encoding = [...ENCODINGS, 'model' as const].find((name) => name === metadata.encoding);
    if (metadata.format !== FORMAT || encoding === undefined)
      throw notTokens(path, 'its metadata is not that of one');
    const vocabularySize = Number(metadata.vocabulary_size);
    const ids = await file.readInts('token_ids');
    const offsets = await file.readInts('offsets');
    const promptLengths = Array.from(await file.readInts('prompt_lengths'));
    if (!areOffsets(offsets, ids.length) || promptLengths.length !== offsets.length - 1) {
      throw notTokens(path, 'its offsets do not fit its tokens');
    }
    const stranger = ids.find((id) => id < 0 || id >= vocabularySize);
    if (stranger !== undefined) {
      throw notTokens(path, `token ${stranger} is outside the vocabulary of ${vocabularySize} (${encoding})`);
    }
    const cut = (all: Int32Array) => promptLengths.map((_, i) => all.subarray(offsets[i], offsets[i + 1]));
    const counted = file.tensors.has('counted') ? await file.readInts('counted') : undefined;
    if (counted !== undefined && counted.length !== ids.length)
      throw notTokens(path, 'it does not say of each token whether it counts');
    const { vocabulary } = metadata;
    return {
      encoding,
      ...(vocabulary !== undefined && { vocabulary }),
      vocabularySize,
      endOfText: Number(metadata.end_of_text),
      texts: cut(ids),
      promptLengths,
      ...(counted && { counted: cut(counted) }),
    };
  } finally {
    await file.close();
  }
}

function notTokens(path: string, reason: string): StageError {
  return new StageError(`${path} is not a tokens file: ${reason}`, {
    hint: 'Give an output of a `tokenize` stage.',
  });
}

function areOffsets(offsets: Int32Array, tokens: number): boolean {
  const ascending = offsets.every((offset, i) => i === 0 || offset >= offsets[i - 1]!);
  return offsets[0] === 0 && offsets.at(-1) === tokens && ascending;
}
