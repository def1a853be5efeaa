import { createHash } from 'node:crypto';
import { canonicalJson } from '../../contract/canonical-json.ts';
import type { Json } from '../../contract/json.ts';
import { StageError } from '../../contract/stage-context.ts';
import { type AddedToken, cutterAt } from './added-tokens.ts';
import { PairTable } from './pair-table.ts';
import { type CompiledParts, compiledParts, type TokenizerParts } from './parts/tokenizer-parts.ts';
import { printable } from './printable-bytes.ts';
import { END_OF_TEXT, type Tokenizer } from './tokenizer.ts';

/** A vocabulary of pairs. */
export interface PairVocabulary {
  /**
   * Text of each token, by its id; ids may be left out. Where pairs are joined on bytes it is the token's bytes, as a string of
   * one character a byte (Latin-1).
   */
  readonly tokens: ReadonlyMap<number, string>;
  /** Pairs that are joined, in the order in which they were learnt. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** May have ids of `tokens`, whose text they then are. */
  readonly added: readonly AddedToken[];
  /** Id of the token that ends a text. */
  readonly endOfText: number;
  /** How texts become pieces and tokens become texts; without it, as for GPT-2. */
  readonly parts?: TokenizerParts;
}

/** Pieces whose ids are remembered: most words of a text occur again. */
const MOST_REMEMBERED = 50_000;
const LONGEST_REMEMBERED = 100;

/**
 * The tokenizer of a vocabulary. Added tokens in a text are these tokens, as in `transformers`, but `<|endoftext|>` only where
 * that is allowed. Throws UnsupportedPart.
 */
export function vocabularyTokenizer(vocabulary: PairVocabulary): Tokenizer {
  const { tokens, added, endOfText } = vocabulary;
  const parts = compiledParts(vocabulary.parts);
  const { normalize, pieces, beginning, decode } = parts;
  const textOf = new Map(tokens);
  for (const { id, text, later } of added) {
    const own = later ? normalize(text) : text;
    textOf.set(id, pieces.onBytes ? Buffer.from(own).toString('latin1') : own);
  }
  const size = [...textOf.keys()].reduce((size, id) => Math.max(size, id + 1), 0);
  const idsOf = pieceEncoder(vocabulary, parts, size);
  const ordinary = added.filter(({ text }) => text !== END_OF_TEXT);
  const cutters = [ordinary, added].map((list) => ({
    first: cutterAt(list.filter(({ later }) => !later)),
    later: cutterAt(
      list.filter(({ later }) => later).map((token) => ({ ...token, text: normalize(token.text) })),
    ),
  }));
  return {
    encoding: 'model',
    vocabulary: digestOf(vocabulary),
    vocabularySize: size,
    endOfText,
    beginning,
    has: (id) => textOf.has(id),
    encode(text, { allowSpecial = false } = {}) {
      const { first, later } = cutters[Number(allowSpecial)]!;
      const ids: number[] = [];
      for (const [i, part] of first(text.toWellFormed()).entries()) {
        if (typeof part === 'number') {
          ids.push(part);
          continue;
        }
        for (const [j, inner] of later(normalize(part)).entries()) {
          if (typeof inner === 'number') ids.push(inner);
          else
            for (const piece of pieces.cut(inner, i + j === 0)) for (const id of idsOf(piece)) ids.push(id);
        }
      }
      return Int32Array.from(ids);
    },
    decode(ids) {
      const texts = Array.from(ids, (id) => {
        const text = textOf.get(id);
        if (text === undefined) throw new RangeError(`token ${id} is not in the vocabulary`);
        return text;
      });
      return decode(texts);
    },
  };
}

/** Gives the ids of a piece. */
function pieceEncoder(
  { tokens, merges }: PairVocabulary,
  { pieces, wholeFirst, byteTokens, unknown, fuseUnknown }: CompiledParts,
  size: number,
): (piece: string) => readonly number[] {
  const idOf = new Map(Array.from(tokens, ([id, text]) => [text, id]));
  const pairs = new PairTable(size);
  for (const [left, right] of merges) pairs.add(idOf.get(left)!, idOf.get(right)!, idOf.get(left + right)!);
  const unknownId = unknown === undefined ? undefined : idOf.get(unknown);
  const singles = (text: string, piece: string): number[] => {
    const ids: number[] = [];
    let afterUnknown = false;
    for (const character of text) {
      const id = idOf.get(character);
      const bytes = id === undefined && byteTokens ? bytesOf(character, idOf) : undefined;
      if (id !== undefined) ids.push(id);
      else if (bytes !== undefined) ids.push(...bytes);
      else if (unknownId === undefined) throw withoutToken(character, piece, pieces.onBytes);
      else if (!(afterUnknown && fuseUnknown)) ids.push(unknownId);
      afterUnknown = id === undefined && bytes === undefined;
    }
    return ids;
  };
  const encoded = (piece: string): readonly number[] => {
    const text = pieces.onBytes ? Buffer.from(piece, 'utf8').toString('latin1') : piece;
    const whole = wholeFirst ? idOf.get(text) : undefined;
    return whole === undefined ? pairs.joined(singles(text, piece)) : [whole];
  };
  const remembered = new Map<string, readonly number[]>();
  return (piece) => {
    if (piece.length > LONGEST_REMEMBERED) return encoded(piece);
    let ids = remembered.get(piece);
    if (ids === undefined) {
      if (remembered.size === MOST_REMEMBERED) remembered.clear();
      ids = encoded(piece);
      remembered.set(piece, ids);
    }
    return ids;
  };
}

/** The tokens of a character's bytes, if there are all of them. */
function bytesOf(character: string, idOf: ReadonlyMap<string, number>): readonly number[] | undefined {
  const ids = Array.from(Buffer.from(character, 'utf8'), (byte) =>
    idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

function withoutToken(character: string, piece: string, isByte: boolean): StageError {
  const byte = `the byte 0x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const shown = JSON.stringify(piece.length > 60 ? `${piece.slice(0, 60)}…` : piece);
  return new StageError(
    `The model's tokenizer cannot write ${shown}: it has no token for ${isByte ? byte : JSON.stringify(character)}.`,
    { hint: 'Leave such texts out, or choose a model whose vocabulary has every byte.' },
  );
}

/** Tells vocabularies apart: sha256 of all that decides which ids a text gets. */
function digestOf({ tokens, merges, added, endOfText, parts }: PairVocabulary): string {
  const byId = <Value>(one: readonly [number, Value], other: readonly [number, Value]) => one[0] - other[0];
  // Bytes as files write them, as always; characters are what they are.
  const written = compiledParts(parts).pieces.onBytes ? printable : (text: string) => text;
  const content = [
    Array.from(tokens, ([id, text]) => [id, written(text)] as const).sort(byId),
    merges.map((pair) => pair.map(written)),
    added
      .map(({ id, text, takesLeft, takesRight, wholeWord, later }) => {
        const flags = [text, takesLeft === true, takesRight === true, later === true];
        return [id, wholeWord ? [...flags, true] : flags] as const;
      })
      .sort(byId),
    endOfText,
    ...(parts === undefined ? [] : [canonicalJson(parts as unknown as Json)]),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
