import { createHash } from 'node:crypto';
import { gpt2Tokens } from '../../../text/tokenizer/gpt2-vocabulary.ts';
import { compiledParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';
import { printable } from '../../../text/tokenizer/printable-bytes.ts';
import {
  END_OF_TEXT,
  type Encoding,
  type Tokenizer,
  tokenizerFor,
} from '../../../text/tokenizer/tokenizer.ts';
import { vocabularyTokenizer } from '../../../text/tokenizer/vocabulary-tokenizer.ts';
import type { ModelConfig } from '../../families/model-config.ts';
import { CONFIG } from '../config-file.ts';
import type { ModelFolder } from '../folder-weights.ts';
import { ModelFileError } from '../model-file-error.ts';
import { encodingOf, encodingVocabulary, type Vocabulary, vocabularyOf } from './encoding-files.ts';
import type { FolderToken, FolderVocabulary } from './folder-vocabulary.ts';
import { readSpecialTokens } from './special-tokens.ts';
import { readTokenizerJson, TOKENIZER } from './tokenizer-json.ts';
import { MERGES, readVocabularyFiles, VOCABULARY } from './vocabulary-files.ts';

/** The tokenizer that belongs to a model. */
export interface ModelTokenizer {
  readonly tokenizer: Tokenizer;
  /** The encoding whose tokens it has, perhaps with some more. */
  readonly base: Encoding | undefined;
  /** Whether the folder says so; otherwise the encoding is known by the model's end of text alone. */
  readonly inFolder: boolean;
  /** Added tokens that are left out, because the model has no row for them. */
  readonly withoutRow: readonly string[];
  /** The tokens, for files of other programs. */
  vocabulary(): Promise<Vocabulary>;
}

/**
 * The tokenizer of a model folder: of its tokenizer.json, or of vocab.json and merges.txt, with the tokens that are added to
 * them. A folder without these files has an encoding of ours, recognised by its end of text. Where the files are those of an
 * encoding, it is that encoding. Throws ModelFileError where ids would not be those that `transformers` gives.
 */
export async function readModelTokenizer(folder: ModelFolder, config: ModelConfig): Promise<ModelTokenizer> {
  const own = await readFolderVocabulary(folder);
  return await modelTokenizer(own ?? (await assumedVocabulary(folder, config)), config, own !== undefined);
}

/** The tokenizer of a vocabulary that was read, which is an encoding if it is the vocabulary of one. Throws ModelFileError. */
export async function modelTokenizer(
  whole: FolderVocabulary,
  config: ModelConfig,
  inFolder: boolean,
): Promise<ModelTokenizer> {
  const { added, withoutRow, ...pairs } = fitted(whole, config);
  const base = await baseOf(pairs);
  const mark = base && encodingEnd(base);
  const extra = added.some(({ id, text }) => id !== mark || text !== END_OF_TEXT);
  if (base !== undefined && !extra && config.eos_token_id === mark) {
    const vocabulary = () => vocabularyOf(base);
    return { tokenizer: await tokenizerFor(base), base, inFolder, withoutRow, vocabulary };
  }
  const tokenizer = vocabularyTokenizer({ ...pairs, added, endOfText: config.eos_token_id });
  for (const id of config.eos_token_ids ?? [config.eos_token_id]) {
    if (tokenizer.has(id)) continue;
    throw new ModelFileError(
      `${CONFIG} ends texts with the token ${id}, which the model's tokenizer does not have: it has ${tokenizer.vocabularySize} tokens`,
      {
        files: [CONFIG],
        hint: 'Copy all tokenizer files of the model: tokenizer.json, or vocab.json and merges.txt, and added_tokens.json.',
      },
    );
  }
  const vocabulary = async () => writtenVocabulary({ ...pairs, added });
  return { tokenizer, base, inFolder, withoutRow, vocabulary };
}

/** Ids of a model that no token of its tokenizer has: rows that fill a vocabulary up, or were never named. */
export function idsWithoutToken(tokenizer: Tokenizer, { vocab_size }: ModelConfig): number[] {
  return Array.from({ length: vocab_size }, (_, id) => id).filter((id) => !tokenizer.has(id));
}

/** Vocabularies of other kinds of tokenizers: WordPiece and SentencePiece. */
export const OTHER_TOKENIZERS = [
  'vocab.txt',
  'spiece.model',
  'tokenizer.model',
  'sentencepiece.bpe.model',
] as const;

async function readFolderVocabulary(folder: ModelFolder): Promise<FolderVocabulary | undefined> {
  const [json, vocabulary, merges] = [TOKENIZER, VOCABULARY, MERGES].map((name) => folder.file(name));
  if (json === undefined && vocabulary === undefined && merges === undefined) {
    const other = OTHER_TOKENIZERS.find((name) => folder.file(name) !== undefined);
    if (other === undefined) return undefined;
    throw new ModelFileError(
      `the model folder has ${other}, the vocabulary of a tokenizer that is not supported`,
      {
        files: [other],
        hint: 'Only pairs (BPE) are read, from tokenizer.json, or from vocab.json and merges.txt: save the tokenizer with transformers, which writes tokenizer.json.',
      },
    );
  }
  const special = await readSpecialTokens(folder);
  const fast = json === undefined ? undefined : await readTokenizerJson(json, special.in, special.settings);
  if (vocabulary === undefined || merges === undefined) {
    if (fast) return fast;
    const [there, missing] = vocabulary === undefined ? [MERGES, VOCABULARY] : [VOCABULARY, MERGES];
    throw new ModelFileError(`the model folder has ${there} but no ${missing}`, { files: [missing] });
  }
  const slow = await readVocabularyFiles(vocabulary, merges, special.in, special.settings);
  if (fast && !sameTokens(fast, slow)) {
    throw new ModelFileError(`${TOKENIZER} and ${VOCABULARY} with ${MERGES} are different tokenizers`, {
      files: [TOKENIZER, VOCABULARY, MERGES],
      hint: `Remove those that are not the model's: transformers reads ${TOKENIZER} where it is there.`,
    });
  }
  return fast ?? slow;
}

function sameTokens(one: FolderVocabulary, other: FolderVocabulary): boolean {
  const added = new Set([...one.added, ...other.added].map(({ id }) => id));
  const same = (a: ReadonlyMap<number, string>, b: ReadonlyMap<number, string>) =>
    Array.from(a).every(([id, bytes]) => added.has(id) || b.get(id) === bytes);
  return (
    same(one.tokens, other.tokens) &&
    same(other.tokens, one.tokens) &&
    one.merges.length === other.merges.length &&
    one.merges.every(([left, right], i) => left === other.merges[i]![0] && right === other.merges[i]![1])
  );
}

/** The encoding that a folder without a vocabulary stands for, with the tokens that it adds. */
async function assumedVocabulary(folder: ModelFolder, config: ModelConfig): Promise<FolderVocabulary> {
  const { added } = await readSpecialTokens(folder);
  const first = added.reduce((least, { id }) => Math.min(least, id), Infinity);
  const grown = (['bytes', 'gpt2'] as const).find((encoding) => first === encodingEnd(encoding) + 1);
  const encoding = grown ?? encodingOf(config);
  const { tokens, merges } = await encodingVocabulary(encoding);
  const mark: FolderToken = { id: tokens.length, text: END_OF_TEXT, special: true };
  return {
    tokens: new Map(tokens.map((bytes, id) => [id, bytes])),
    merges,
    added: [mark, ...added.filter(({ id }) => id !== mark.id)],
  };
}

/** Without the added tokens that the model has no row for, as when a tokenizer got one and the model did not. */
function fitted({ added, ...pairs }: FolderVocabulary, { vocab_size }: ModelConfig) {
  const highest = Array.from(pairs.tokens.keys()).reduce((most, id) => Math.max(most, id), -1);
  if (highest >= vocab_size) {
    throw new ModelFileError(
      `the tokenizer has a token ${highest}, but the model has ${vocab_size} tokens: they do not belong together`,
      { files: [TOKENIZER, VOCABULARY, MERGES, CONFIG] },
    );
  }
  const kept = added.filter(({ id }) => id < vocab_size);
  return {
    ...pairs,
    added: kept,
    withoutRow: added.filter(({ id }) => id >= vocab_size).map(({ text }) => text),
  };
}

/** The id of `<|endoftext|>`. */
function encodingEnd(encoding: Encoding): number {
  return encoding === 'gpt2' ? 50256 : 256;
}

/** sha256 of OpenAI's vocab.bpe, which tiktoken pins. */
const GPT2_MERGES = '1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5';

async function baseOf({
  tokens,
  merges,
  parts,
}: Pick<FolderVocabulary, 'tokens' | 'merges' | 'parts'>): Promise<Encoding | undefined> {
  if (parts !== undefined) return undefined;
  const equals = (expected: readonly string[]) =>
    tokens.size === expected.length && expected.every((bytes, id) => tokens.get(id) === bytes);
  if (merges.length === 0) return equals((await encodingVocabulary('bytes')).tokens) ? 'bytes' : undefined;
  if (tokens.size !== encodingEnd('gpt2')) return undefined;
  const hash = createHash('sha256').update('#version: 0.2\n');
  for (const [left, right] of merges) hash.update(`${printable(left)} ${printable(right)}\n`);
  return hash.digest('hex') === GPT2_MERGES && equals(await gpt2Tokens()) ? 'gpt2' : undefined;
}

/** A vocabulary as files write it. */
export function writtenVocabulary(vocabulary: FolderVocabulary): Vocabulary {
  const { tokens, merges, added, parts } = vocabulary;
  const asWritten = isOnBytes(vocabulary) ? printable : (text: string) => text;
  const written: (string | undefined)[] = [];
  for (const [id, text] of tokens) written[id] = asWritten(text);
  for (const { id, text } of added) written[id] = text;
  return {
    tokens: Array.from(written),
    merges: merges.map(([left, right]) => [asWritten(left), asWritten(right)]),
    special: new Set(added.filter(({ special }) => special).map(({ id }) => id)),
    added: new Set(added.map(({ id }) => id)),
    beginning: compiledParts(parts).beginning,
    ...(parts && { parts }),
  };
}

/** Whether pairs are joined on bytes, or on characters. */
export function isOnBytes({ parts }: Pick<FolderVocabulary, 'parts'>): boolean {
  return compiledParts(parts).pieces.onBytes;
}
