import { END_OF_TEXT } from '../../../text/tokenizer/tokenizer.ts';
import { ModelFileError } from '../model-file-error.ts';
import {
  type FolderToken,
  type FolderVocabulary,
  folderVocabulary,
  shown,
} from '../tokenizer/folder-vocabulary.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
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

const ONLY_BYTE_PAIRS = 'Only tokenizers of the kind of GPT-2 are read: byte pairs on bytes.';

/** Reads the tokenizer of a GGUF file. Throws ModelFileError where it would give other ids than llama.cpp gives. */
export function ggufVocabulary(metadata: GgufMetadata): GgufVocabulary {
  const saysPieces = checkKind(metadata);
  const texts = metadata.texts(TOKENS);
  const ends = endsOf(metadata, texts);
  const types = typesOf(metadata, texts, ends);
  checkTwice(metadata.file, texts, types);
  const pairs: [string, number][] = [];
  const added: FolderToken[] = [];
  for (const [id, text] of texts.entries()) {
    const type = types[id];
    if (type === TOKEN_TYPES.control || type === TOKEN_TYPES.added)
      added.push({ id, text, special: type === TOKEN_TYPES.control });
    else if (type === TOKEN_TYPES.normal) pairs.push([text, id]);
  }
  return {
    vocabulary: folderVocabulary(
      metadata.file,
      Object.fromEntries(pairs),
      metadata.file,
      mergesOf(metadata),
      added,
    ),
    size: texts.length,
    ends,
    saysPieces,
    chatTemplate: metadata.has(TEMPLATE) ? metadata.text(TEMPLATE) : undefined,
  };
}

/** Whether the file says how texts are cut, which must be GPT-2's way. */
function checkKind(metadata: GgufMetadata): boolean {
  const { file } = metadata;
  const kind = metadata.text('tokenizer.ggml.model');
  if (kind !== 'gpt2')
    throw ModelFileError.of(file, `its tokenizer is ${shown(kind)}, which is not supported`, ONLY_BYTE_PAIRS);
  for (const key of ['tokenizer.ggml.add_bos_token', 'tokenizer.ggml.add_eos_token']) {
    if (metadata.has(key) && metadata.flag(key))
      throw ModelFileError.of(file, `${key} is true, which is not supported`);
  }
  const pieces = metadata.has(PIECES) ? metadata.text(PIECES) : 'default';
  if (pieces === 'gpt-2') return true;
  if (pieces === 'default') return false;
  throw ModelFileError.of(
    file,
    `${PIECES} is ${shown(pieces)}, which is not supported`,
    'Only tokenizers that cut a text into the pieces of GPT-2 are read.',
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
  ];
  for (const [id, type] of types.entries()) {
    if (!known.includes(type))
      throw ModelFileError.of(
        file,
        `token ${id}, ${shown(texts[id])}, is of the type ${type}`,
        ONLY_BYTE_PAIRS,
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
