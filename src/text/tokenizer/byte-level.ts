import { createHash } from 'node:crypto';
import { StageError } from '../../contract/stage-context.ts';
import { type AddedToken, cutAtAddedTokens } from './added-tokens.ts';
import { joinedPairs } from './byte-pairs.ts';
import { gpt2Pieces } from './gpt2-pieces.ts';
import { printable } from './printable-bytes.ts';
import { END_OF_TEXT, type Tokenizer } from './tokenizer.ts';

/** A vocabulary of byte pairs like GPT-2's. Bytes are strings of one character a byte (Latin-1). */
export interface ByteLevelVocabulary {
  /** Bytes of each token, by its id; ids may be left out. */
  readonly tokens: ReadonlyMap<number, string>;
  /** Pairs that are joined, in the order in which they were learnt. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** May have ids of `tokens`, whose text they then are. */
  readonly added: readonly AddedToken[];
  /** Id of the token that ends a text. */
  readonly endOfText: number;
}

/** Between the two halves of a pair: no byte. */
const BETWEEN = '\u0100';

/**
 * The tokenizer of a vocabulary: GPT-2's pieces and byte pairs, with other tokens. Added tokens in a text are these tokens, as in
 * `transformers`, but `<|endoftext|>` only where that is allowed.
 */
export function byteLevelTokenizer(vocabulary: ByteLevelVocabulary): Tokenizer {
  const { tokens, merges, added, endOfText } = vocabulary;
  const idOf = new Map(Array.from(tokens, ([id, bytes]) => [bytes, id]));
  const rankOf = new Map(merges.map(([left, right], rank) => [left + BETWEEN + right, rank]));
  const textOf = new Map<number, string>([
    ...tokens,
    ...added.map(({ id, text }) => [id, Buffer.from(text).toString('latin1')] as const),
  ]);
  const ordinary = added.filter(({ text }) => text !== END_OF_TEXT);
  const pairRank = (bytes: string, start: number, middle: number, end: number) =>
    rankOf.get(bytes.slice(start, middle) + BETWEEN + bytes.slice(middle, end)) ?? Infinity;
  const pieceIds = (piece: string): number[] =>
    joinedPairs(Buffer.from(piece, 'utf8').toString('latin1'), pairRank).map(
      (part) => idOf.get(part) ?? withoutToken(part, piece),
    );
  return {
    encoding: 'model',
    vocabulary: digestOf(vocabulary),
    vocabularySize: [...textOf.keys()].reduce((size, id) => Math.max(size, id + 1), 0),
    endOfText,
    has: (id) => textOf.has(id),
    encode(text, { allowSpecial = false } = {}) {
      const parts = cutAtAddedTokens(text, allowSpecial ? added : ordinary);
      return Int32Array.from(
        parts.flatMap((part) => (typeof part === 'number' ? [part] : gpt2Pieces(part).flatMap(pieceIds))),
      );
    },
    decode(ids) {
      const bytes = Array.from(ids, (id) => {
        const text = textOf.get(id);
        if (text === undefined) throw new RangeError(`token ${id} is not in the vocabulary`);
        return text;
      });
      return Buffer.from(bytes.join(''), 'latin1').toString('utf8');
    },
  };
}

function withoutToken(part: string, piece: string): never {
  const byte = part.charCodeAt(0).toString(16).padStart(2, '0');
  throw new StageError(
    `The model's tokenizer cannot write ${JSON.stringify(piece)}: it has no token for the byte 0x${byte}.`,
    { hint: 'Leave such texts out, or choose a model whose vocabulary has every byte.' },
  );
}

/** Tells vocabularies apart: sha256 of all that decides which ids a text gets. */
function digestOf({ tokens, merges, added, endOfText }: ByteLevelVocabulary): string {
  const byId = <Value>(one: readonly [number, Value], other: readonly [number, Value]) => one[0] - other[0];
  const content = [
    Array.from(tokens, ([id, bytes]) => [id, printable(bytes)] as const).sort(byId),
    merges.map((pair) => pair.map(printable)),
    added
      .map(
        ({ id, text, takesLeft, takesRight, later }) =>
          [id, [text, takesLeft === true, takesRight === true, later === true]] as const,
      )
      .sort(byId),
    endOfText,
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
