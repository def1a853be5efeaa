import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinedPairs } from '../../../text/tokenizer/byte-pairs.ts';
import { gpt2Tokens } from '../../../text/tokenizer/gpt2-vocabulary.ts';
import type { TokenizerParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';
import { printable } from '../../../text/tokenizer/printable-bytes.ts';
import { END_OF_TEXT, type Encoding } from '../../../text/tokenizer/tokenizer.ts';
import type { ModelConfig } from '../../families/model-config.ts';
import { ModelFileError } from '../model-file-error.ts';

/**
 * Writes vocab.json, merges.txt and tokenizer_config.json, from which `transformers` builds the same tokenizer.
 * The byte encoding is GPT-2's with no merges: 256 bytes in the order of their values, then the end of text.
 */
export async function writeTokenizerFiles(
  directory: string,
  encoding: Encoding,
  longestText: number,
  chatTemplate?: string,
): Promise<void> {
  await writeVocabulary(directory, await vocabularyOf(encoding), {
    add_prefix_space: false,
    bos_token: END_OF_TEXT,
    ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
    eos_token: END_OF_TEXT,
    model_max_length: longestText,
    tokenizer_class: 'GPT2Tokenizer',
    unk_token: END_OF_TEXT,
  });
}

/** Writes a vocabulary as vocab.json and merges.txt, and `settings` as the tokenizer_config.json of a GPT2Tokenizer. */
export async function writeVocabulary(
  directory: string,
  { tokens, merges }: Vocabulary,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const ids = Object.fromEntries(
    tokens.flatMap((token, id): [string, number][] => (token === undefined ? [] : [[token, id]])),
  );
  await writeFile(join(directory, 'vocab.json'), JSON.stringify(ids));
  await writeFile(
    join(directory, 'merges.txt'),
    `#version: 0.2\n${merges.map(([left, right]) => `${left} ${right}\n`).join('')}`,
  );
  await writeFile(join(directory, 'tokenizer_config.json'), `${JSON.stringify(settings, null, 2)}\n`);
}

/**
 * The encoding that a model's token ids belong to, recognised by its end of text: a vocabulary may be padded. Throws
 * ModelFileError if it is neither.
 */
export function encodingOf({
  vocab_size,
  eos_token_id,
}: Pick<ModelConfig, 'vocab_size' | 'eos_token_id'>): Encoding {
  if (eos_token_id === 50256 && vocab_size > eos_token_id) return 'gpt2';
  if (eos_token_id === 256 && vocab_size > eos_token_id) return 'bytes';
  throw new ModelFileError(
    `No encoding has the model's end of text ${eos_token_id} in ${vocab_size} tokens: gpt2 ends with 50256, bytes with 256.`,
    {
      hint: 'A model with a tokenizer of its own needs its files in the folder: tokenizer.json, or vocab.json and merges.txt.',
    },
  );
}

/** Tokens in the order of their ids, and the pairs that they are merged from, as files write them. */
export interface Vocabulary {
  /** Undefined where no token has the id. */
  readonly tokens: readonly (string | undefined)[];
  /** In the order in which they were learnt. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** Ids of tokens that steer and are no text. */
  readonly special: ReadonlySet<number>;
  /** Ids of all tokens that stand for their text, those that steer among them. */
  readonly added: ReadonlySet<number>;
  /** Ids that come before each text. */
  readonly beginning: readonly number[];
  /** How texts become pieces and tokens become texts; without it, as for GPT-2. */
  readonly parts?: TokenizerParts;
}

/** The vocabulary of an encoding, with bytes as the printable characters that GPT-2 writes for them, the end of text last. */
export async function vocabularyOf(encoding: Encoding): Promise<Vocabulary> {
  const { tokens, merges } = await encodingVocabulary(encoding);
  return {
    tokens: [...tokens.map(printable), END_OF_TEXT],
    merges: merges.map(([left, right]) => [printable(left), printable(right)]),
    special: new Set([tokens.length]),
    added: new Set([tokens.length]),
    beginning: [],
  };
}

/** Each token's bytes as a string of one character a byte (Latin-1), in the order of the ids. */
type ByteStrings = readonly string[];

/** The tokens of an encoding without its end of text, and their pairs in the order in which they were learnt. */
export async function encodingVocabulary(
  encoding: Encoding,
): Promise<{ readonly tokens: ByteStrings; readonly merges: readonly (readonly [string, string])[] }> {
  if (encoding === 'bytes') {
    return { tokens: Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)), merges: [] };
  }
  const tokens = await gpt2Tokens();
  return { tokens, merges: mergesOf(tokens) };
}

/**
 * The pair of tokens that each longer token was made from, in the order in which they were learnt. Ranks hold
 * no pairs, but they follow: merging a token's bytes by lower ranks alone stops at exactly that pair.
 */
function mergesOf(tokens: ByteStrings): [string, string][] {
  const rankOf = new Map(tokens.map((token, rank) => [token, rank]));
  return tokens.flatMap((token, rank): [string, string][] => {
    if (token.length === 1) return [];
    const lower = (bytes: string, start: number, _: number, end: number) => {
      const of = rankOf.get(bytes.slice(start, end));
      return of === undefined || of >= rank ? Infinity : of;
    };
    const [left, right, ...more] = joinedPairs(token, lower);
    if (left === undefined || right === undefined || more.length > 0)
      throw new Error(`the token of rank ${rank} is not made of lower ones`);
    return [[left, right]];
  });
}
