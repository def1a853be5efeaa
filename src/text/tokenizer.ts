export const ENCODINGS = ['gpt2', 'bytes'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The mark between documents, as text; both encodings have one token for it. */
export const END_OF_TEXT = '<|endoftext|>';

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly encoding: Encoding;
  /** Ids are 0 … vocabularySize - 1. */
  readonly vocabularySize: number;
  /** Id of `<|endoftext|>`. */
  readonly endOfText: number;
  /**
   * Token ids of a text. `<|endoftext|>` inside the text is that one token where `allowSpecial` is true and
   * ordinary characters otherwise, so that data cannot forge the end of a document.
   */
  encode(text: string, options?: { readonly allowSpecial?: boolean }): Int32Array;
  /** The text of some ids; bytes that are not UTF-8 become U+FFFD. Throws RangeError for an id outside the vocabulary. */
  decode(ids: ArrayLike<number>): string;
}

/**
 * The tokenizer of an encoding: `gpt2` is the byte-pair encoding of GPT-2 (50,257 tokens,
 * https://github.com/openai/gpt-2), loaded only when asked for; `bytes` has one token a UTF-8 byte and 256 for
 * the end of text, so that a tiny model need not carry a large vocabulary.
 */
export async function tokenizerFor(encoding: Encoding): Promise<Tokenizer> {
  return encoding === 'gpt2' ? await gpt2Tokenizer() : byteTokenizer;
}

async function gpt2Tokenizer(): Promise<Tokenizer> {
  const [{ Tiktoken }, { default: ranks }] = await Promise.all([
    import('js-tiktoken/lite'),
    import('js-tiktoken/ranks/gpt2'),
  ]);
  const bytePairs = new Tiktoken(ranks);
  const endOfText = ranks.special_tokens[END_OF_TEXT]!;
  const vocabularySize = endOfText + 1;
  return {
    encoding: 'gpt2',
    vocabularySize,
    endOfText,
    encode: (text, { allowSpecial = false } = {}) =>
      Int32Array.from(bytePairs.encode(text, allowSpecial ? [END_OF_TEXT] : [], [])),
    decode: (ids) => bytePairs.decode(checkedIds(ids, vocabularySize)),
  };
}

const BYTE_END_OF_TEXT = 256;

const byteTokenizer: Tokenizer = {
  encoding: 'bytes',
  vocabularySize: BYTE_END_OF_TEXT + 1,
  endOfText: BYTE_END_OF_TEXT,
  encode(text, { allowSpecial = false } = {}) {
    const parts = allowSpecial ? text.split(END_OF_TEXT) : [text];
    const ids = parts.flatMap((part, index) => [
      ...(index === 0 ? [] : [BYTE_END_OF_TEXT]),
      ...Buffer.from(part, 'utf8'),
    ]);
    return Int32Array.from(ids);
  },
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
