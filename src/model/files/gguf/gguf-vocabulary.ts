import type { Json } from '../../../contract/json.ts';
import { GPT2_PARTS, type TokenizerParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';
import { END_OF_TEXT } from '../../../text/tokenizer/tokenizer.ts';
import { ModelFileError } from '../model-file-error.ts';
import {
  type FolderToken,
  type FolderVocabulary,
  folderVocabulary,
  shown,
} from '../tokenizer/folder-vocabulary.ts';
import { beginningWith, sentencePiece } from '../tokenizer/usual-parts.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import { KNOWN_NAMES, NORMALISED, piecesNamed } from './known-pieces.ts';
import { pairsOfScores } from './score-pairs.ts';
import { TOKEN_TYPES } from './token-types.ts';

/** The tokenizer that a GGUF file describes. */
export interface GgufVocabulary {
  readonly vocabulary: FolderVocabulary;
  /** Ids from 0 on, with those that no token has. */
  readonly size: number;
  /** All tokens that end a reply; the first one separates texts. */
  readonly ends: readonly [number, ...number[]];
  /** Whether the file says how a text is cut into pieces. Files from before April 2024 do not. */
  readonly saysPieces: boolean;
  /** Whether the model's own tokenizer.json changes texts, which no GGUF file says and llama.cpp does not do. */
  readonly losesNormalizer: boolean;
  readonly chatTemplate: string | undefined;
}

const TOKENS = 'tokenizer.ggml.tokens';
const TYPES = 'tokenizer.ggml.token_type';
const MERGES = 'tokenizer.ggml.merges';
const PIECES = 'tokenizer.ggml.pre';
const END = 'tokenizer.ggml.eos_token_id';
/** Other ends of a reply: of a turn, of a message. */
const MORE_ENDS = ['tokenizer.ggml.eot_token_id', 'tokenizer.ggml.eom_token_id'];
const TEMPLATE = 'tokenizer.chat_template';

const SCORES = 'tokenizer.ggml.scores';
const BEGINNING = 'tokenizer.ggml.bos_token_id';
const BEGINS = 'tokenizer.ggml.add_bos_token';
const SPACE_BEFORE = 'tokenizer.ggml.add_space_prefix';

const KINDS = 'The kinds gpt2 (pairs on bytes) and llama (SentencePiece with scores) are read.';

/** Reads the tokenizer of a GGUF file. Throws ModelFileError where it would give other ids than llama.cpp gives. */
export function ggufVocabulary(metadata: GgufMetadata): GgufVocabulary {
  const { file } = metadata;
  const kind = kindOf(metadata);
  const texts = metadata.texts(TOKENS);
  const ends = endsOf(metadata, texts);
  const types = typesOf(metadata, texts, ends, kind);
  checkTwice(file, texts, types);
  const tokens: [string, number][] = [];
  const added: FolderToken[] = [];
  for (const [id, text] of texts.entries()) {
    const type = types[id];
    if (ADDED.includes(type!)) added.push({ id, text, special: type !== TOKEN_TYPES.added });
    if (type === TOKEN_TYPES.normal || type === TOKEN_TYPES.byte) tokens.push([text, id]);
    // SentencePiece makes such a token of pairs, too: runs of spaces.
    else if (kind === 'llama' && type === TOKEN_TYPES.added) tokens.push([text, id]);
  }
  const merges = kind === 'gpt2' ? mergesOf(metadata) : pairsOfScores(scored(metadata, tokens, types));
  const parts = kind === 'gpt2' ? bytePairParts(metadata, texts) : sentencePieceParts(metadata, texts);
  return {
    vocabulary: folderVocabulary(file, Object.fromEntries(tokens), file, merges, added, parts),
    size: texts.length,
    ends,
    saysPieces: kind === 'llama' || (metadata.has(PIECES) && metadata.text(PIECES) !== DEFAULT),
    losesNormalizer: kind === 'gpt2' && metadata.has(PIECES) && metadata.text(PIECES) === NORMALISED,
    chatTemplate: metadata.has(TEMPLATE) ? metadata.text(TEMPLATE) : undefined,
  };
}

type Kind = 'gpt2' | 'llama';
/** What a file says that says nothing of pieces. */
const DEFAULT = 'default';
/** Types of tokens that stand for their text. */
const ADDED: readonly number[] = [TOKEN_TYPES.control, TOKEN_TYPES.added, TOKEN_TYPES.unknown];

function kindOf(metadata: GgufMetadata): Kind {
  const kind = metadata.text('tokenizer.ggml.model');
  if (kind !== 'gpt2' && kind !== 'llama')
    throw ModelFileError.of(metadata.file, `its tokenizer is ${shown(kind)}, which is not supported`, KINDS);
  const key = 'tokenizer.ggml.add_eos_token';
  if (metadata.has(key) && metadata.flag(key))
    throw ModelFileError.of(metadata.file, `${key} is true, which is not supported`);
  return kind;
}

/** Undefined where they are GPT-2's. */
function bytePairParts(metadata: GgufMetadata, texts: readonly string[]): TokenizerParts | undefined {
  const name = metadata.has(PIECES) ? metadata.text(PIECES) : DEFAULT;
  const pieces = piecesNamed(name === DEFAULT ? 'gpt-2' : name);
  if (pieces === undefined)
    throw ModelFileError.of(
      metadata.file,
      `${PIECES} is ${shown(name)}, which is not supported`,
      `Of ways to cut a text, these are known: ${KNOWN_NAMES.join(', ')}.`,
    );
  const { pre_tokenizer, ignore_merges } = pieces;
  const post_processor = beginning(metadata, texts, pieces.begins);
  if (pre_tokenizer === GPT2_PARTS.pre_tokenizer && post_processor === null) return undefined;
  return { ...GPT2_PARTS, pre_tokenizer, ignore_merges, post_processor };
}

/** SentencePiece as tokenizer.json writes it: spaces are visible marks, one piece is the whole text, unknown characters are bytes. */
function sentencePieceParts(metadata: GgufMetadata, texts: readonly string[]): TokenizerParts {
  const key = 'tokenizer.ggml.unknown_token_id';
  const unknown = metadata.has(key) ? texts[metadata.number(key)] : undefined;
  const spaceBefore = metadata.has(SPACE_BEFORE) ? metadata.flag(SPACE_BEFORE) : true;
  return sentencePiece(spaceBefore, beginning(metadata, texts, true), unknown ?? null);
}

function beginning(metadata: GgufMetadata, texts: readonly string[], byDefault: boolean): Json {
  const begins = metadata.has(BEGINS) ? metadata.flag(BEGINS) : byDefault;
  if (!begins || !metadata.has(BEGINNING)) return null;
  const id = metadata.number(BEGINNING);
  const token = texts[id];
  if (token === undefined)
    throw ModelFileError.of(metadata.file, `${BEGINNING} is ${id}, but there are ${texts.length} tokens`);
  return beginningWith(token, id);
}

function scored(
  metadata: GgufMetadata,
  tokens: readonly (readonly [string, number])[],
  types: readonly number[],
): (readonly [string, number])[] {
  const scores = metadata.numbers(SCORES);
  if (scores.length !== types.length)
    throw ModelFileError.of(
      metadata.file,
      `${SCORES} has ${scores.length} values, but there are ${types.length} tokens`,
    );
  return tokens.flatMap(([text, id]) =>
    types[id] === TOKEN_TYPES.byte ? [] : [[text, scores[id]!] as const],
  );
}

function endsOf(metadata: GgufMetadata, texts: readonly string[]): [number, ...number[]] {
  const first = metadata.has(END) ? metadata.number(END) : texts.indexOf(END_OF_TEXT);
  if (first < 0)
    throw ModelFileError.of(
      metadata.file,
      `no token ends a text: there are neither ${END} nor ${END_OF_TEXT}`,
    );
  const more = MORE_ENDS.filter((key) => metadata.has(key)).map((key) => metadata.number(key));
  for (const id of [first, ...more]) {
    if (Number.isSafeInteger(id) && id >= 0 && id < texts.length) continue;
    throw ModelFileError.of(
      metadata.file,
      `texts end with the token ${id}, but there are ${texts.length} tokens`,
    );
  }
  return [first, ...new Set(more.filter((id) => id !== first))];
}

/** The type of each token. What ends a text is no text, whatever its type. */
function typesOf(
  metadata: GgufMetadata,
  texts: readonly string[],
  ends: readonly number[],
  kind: Kind,
): readonly number[] {
  const { file } = metadata;
  const types = metadata.has(TYPES) ? [...metadata.numbers(TYPES)] : texts.map(() => TOKEN_TYPES.normal);
  if (types.length !== texts.length)
    throw ModelFileError.of(
      file,
      `${TYPES} has ${types.length} values, but there are ${texts.length} tokens`,
    );
  const known: readonly number[] = [
    TOKEN_TYPES.normal,
    TOKEN_TYPES.control,
    TOKEN_TYPES.added,
    TOKEN_TYPES.unused,
    ...(kind === 'llama' ? [TOKEN_TYPES.unknown, TOKEN_TYPES.byte] : []),
  ];
  for (const [id, type] of types.entries()) {
    if (!known.includes(type))
      throw ModelFileError.of(
        file,
        `token ${id}, ${shown(texts[id])}, is of the type ${type}`,
        `In a tokenizer of the kind ${kind} the types ${known.join(', ')} are known.`,
      );
  }
  for (const id of [...ends, texts.indexOf(END_OF_TEXT)]) if (id >= 0) types[id] = TOKEN_TYPES.control;
  return types;
}

function checkTwice(file: string, texts: readonly string[], types: readonly number[]): void {
  const seen = new Map<string, number>();
  for (const [id, text] of texts.entries()) {
    if (types[id] === TOKEN_TYPES.unused) continue;
    const first = seen.get(text);
    if (first !== undefined)
      throw ModelFileError.of(file, `tokens ${first} and ${id} are both ${shown(text)}`);
    if (text === '') throw ModelFileError.of(file, `token ${id} is no text`);
    seen.set(text, id);
  }
}

function mergesOf(metadata: GgufMetadata): [string, string][] {
  return metadata.texts(MERGES).map((merge, i) => {
    const [left, right, ...more] = merge.split(' ');
    if (left && right && more.length === 0) return [left, right];
    throw ModelFileError.of(
      metadata.file,
      `merge ${i + 1}, ${shown(merge)}, is not two tokens with a space between them`,
    );
  });
}
