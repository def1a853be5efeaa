import { joinedPairs } from './byte-pairs.ts';
import { gpt2Pieces } from './gpt2-pieces.ts';
import { gpt2Tokens } from './gpt2-vocabulary.ts';

export const ENCODINGS = ['gpt2', 'bytes'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The mark between documents, as text; both encodings have one token for it. */
export const END_OF_TEXT = '<|endoftext|>';

export interface EncodeOptions {
  /**
   * `<|endoftext|>` inside a text is that one token where this is true, and ordinary characters otherwise, so that data
   * cannot forge the end of a document.
   */
  readonly allowSpecial?: boolean;
}

/** Turns text into token ids and back. */
export interface Tokenizer {
  /** `model`: the vocabulary is a model's own. */
  readonly encoding: Encoding | 'model';
  /** Tells the vocabularies of models apart: 64 hexadecimal digits; absent for the encodings. */
  readonly vocabulary?: string;
  /** Ids are below it. */
  readonly vocabularySize: number;
  /** Id of the token that ends a text: `<|endoftext|>`, unless a model has another one. */
  readonly endOfText: number;
  /** Ids that a model expects before each text, but for one that its chat template writes; most have none. */
  readonly beginning: readonly number[];
  /** Whether a token has this id. */
  has(id: number): boolean;
  /** Token ids of a text; an unpaired surrogate counts as U+FFFD. */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** The text of some ids; bytes that are not UTF-8 become U+FFFD. Throws RangeError for an id outside the vocabulary. */
  decode(ids: ArrayLike<number>): string;
}

/** Token ids of a text that stands alone, with what the model expects before it. */
export function wholeText(
  { beginning, encode }: Pick<Tokenizer, 'beginning' | 'encode'>,
  text: string,
): Int32Array {
  const ids = encode(text);
  return beginning.length === 0 ? ids : Int32Array.from([...beginning, ...ids]);
}

/**
 * The tokenizer of an encoding: `gpt2` is the byte-pair encoding of GPT-2 (50,257 tokens,
 * https://github.com/openai/gpt-2) with the ids that tiktoken gives, loaded only when asked for; `bytes` has one token
 * a UTF-8 byte and 256 for the end of text, so that a tiny model need not carry a large vocabulary.
 */
export async function tokenizerFor(encoding: Encoding): Promise<Tokenizer> {
  return encoding === 'gpt2' ? await gpt2Tokenizer() : byteTokenizer;
}

async function gpt2Tokenizer(): Promise<Tokenizer> {
  const tokens = [...(await gpt2Tokens()), END_OF_TEXT];
  const endOfText = tokens.length - 1;
  const idOf = new Map(tokens.slice(0, endOfText).map((token, id) => [token, id]));
  const pieceIds = (piece: string): readonly number[] => {
    const bytes = Buffer.from(piece, 'utf8').toString('latin1');
    const id = idOf.get(bytes);
    if (id !== undefined) return [id];
    // A pair's rank is the id of what it makes, as in tiktoken; every part is a token.
    const rank = (of: string, start: number, _: number, end: number) =>
      idOf.get(of.slice(start, end)) ?? Infinity;
    return joinedPairs(bytes, rank).map((part) => idOf.get(part)!);
  };
  return {
    encoding: 'gpt2',
    vocabularySize: tokens.length,
    endOfText,
    beginning: [],
    has: (id) => id >= 0 && id < tokens.length,
    encode: (text, options) =>
      withEndOfText(text, endOfText, (part) => gpt2Pieces(part).flatMap(pieceIds), options),
    decode: (ids) => {
      const bytes = checkedIds(ids, tokens.length).map((id) => tokens[id]);
      return Buffer.from(bytes.join(''), 'latin1').toString('utf8');
    },
  };
}

/** Encodes what is between the marks of an end of text, or the whole text where such marks are not allowed. */
function withEndOfText(
  text: string,
  endOfText: number,
  encode: (part: string) => readonly number[],
  { allowSpecial = false }: EncodeOptions = {},
): Int32Array {
  const parts = allowSpecial ? text.split(END_OF_TEXT) : [text];
  return Int32Array.from(
    parts.flatMap((part, index) => [...(index === 0 ? [] : [endOfText]), ...encode(part)]),
  );
}

const BYTE_END_OF_TEXT = 256;

const byteTokenizer: Tokenizer = {
  encoding: 'bytes',
  vocabularySize: BYTE_END_OF_TEXT + 1,
  endOfText: BYTE_END_OF_TEXT,
  beginning: [],
  has: (id) => id >= 0 && id <= BYTE_END_OF_TEXT,
  encode: (text, options) =>
    withEndOfText(text, BYTE_END_OF_TEXT, (part) => [...Buffer.from(part, 'utf8')], options),
  decode(ids) {
    const mark = Buffer.from(END_OF_TEXT);
    const parts = checkedIds(ids, BYTE_END_OF_TEXT + 1).map((id) =>
      id === BYTE_END_OF_TEXT ? mark : Buffer.of(id),
    );
    return Buffer.concat(parts).toString('utf8');
  },
};

function checkedIds(ids: ArrayLike<number>, vocabularySize: number): number[] {
  return Array.from(ids, (id) => {
    if (Number.isInteger(id) && id >= 0 && id < vocabularySize) return id;
    throw new RangeError(`token ${id} is outside the vocabulary of ${vocabularySize}`);
  });
}
