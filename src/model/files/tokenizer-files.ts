import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gpt2Tokens } from '../../text/tokenizer/gpt2-vocabulary.ts';
import { END_OF_TEXT, type Encoding } from '../../text/tokenizer/tokenizer.ts';
import type { ModelConfig } from '../families/model-config.ts';
import { ModelFileError } from './model-file-error.ts';

/**
 * Writes vocab.json, merges.txt and tokenizer_config.json, from which `transformers` builds the same tokenizer.
 * The byte encoding is GPT-2's with no merges: 256 bytes in the order of their values, then the end of text.
 */
export async function writeTokenizerFiles(
  directory: string,
  encoding: Encoding,
  longestText: number,
): Promise<void> {
  const { tokens, merges } = await vocabularyOf(encoding);
  const ids = Object.fromEntries(tokens.map((token, id) => [token, id]));
  await writeFile(join(directory, 'vocab.json'), JSON.stringify(ids));
  await writeFile(
    join(directory, 'merges.txt'),
    `#version: 0.2\n${merges.map((merge) => `${merge}\n`).join('')}`,
  );
  const settings = {
    add_prefix_space: false,
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    model_max_length: longestText,
    tokenizer_class: 'GPT2Tokenizer',
    unk_token: END_OF_TEXT,
  };
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
  );
}

/** Each token's bytes as a string of one character a byte (Latin-1), in the order of the ids. */
type ByteStrings = readonly string[];

function singleBytes(): ByteStrings {
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
}

/** Tokens in the order of their ids, the end of text last, and the pairs that they are merged from. */
export interface Vocabulary {
  readonly tokens: readonly string[];
  /** Two tokens with a space between them, in the order in which they were learnt. */
  readonly merges: readonly string[];
}

/** The vocabulary of an encoding, with bytes as the printable characters that GPT-2 writes for them. */
export async function vocabularyOf(encoding: Encoding): Promise<Vocabulary> {
  const tokens = encoding === 'gpt2' ? await gpt2Tokens() : singleBytes();
  return {
    tokens: [...tokens.map(printable), END_OF_TEXT],
    merges: encoding === 'gpt2' ? mergesOf(tokens) : [],
  };
}

/**
 * The pair of tokens that each longer token was made from, in the order in which they were learnt. Ranks hold
 * no pairs, but they follow: merging a token's bytes by lower ranks alone stops at exactly that pair.
 */
function mergesOf(tokens: ByteStrings): string[] {
  const rankOf = new Map(tokens.map((token, rank) => [token, rank]));
  return tokens.flatMap((token, rank) => {
    if (token.length === 1) return [];
    return [splitByLowerRanks(token, rank, rankOf).map(printable).join(' ')];
  });
}

function splitByLowerRanks(token: string, limit: number, rankOf: ReadonlyMap<string, number>): string[] {
  const parts = [...token];
  while (parts.length > 2) {
    let best = -1;
    let lowest = limit;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = rankOf.get(parts[i]! + parts[i + 1]!);
      if (rank !== undefined && rank < lowest) {
        lowest = rank;
        best = i;
      }
    }
    if (best < 0) throw new Error(`the token of rank ${limit} is not made of lower ones`);
    parts.splice(best, 2, parts[best]! + parts[best + 1]!);
  }
  return parts;
}

/** GPT-2 writes bytes that are not printable as the characters from U+0100 on (bytes_to_unicode in its encoder.py). */
const PRINTABLE = printableCharacters();

function printable(bytes: string): string {
  return [...bytes].map((byte) => PRINTABLE[byte.charCodeAt(0)]!).join('');
}

function printableCharacters(): readonly string[] {
  let replaced = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const kept = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(kept ? byte : 0x100 + replaced++);
  });
}
