import type { AddedToken } from '../../../text/tokenizer/added-tokens.ts';
import { compiledParts, type TokenizerParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';
import { UnsupportedPart } from '../../../text/tokenizer/parts/unsupported-part.ts';
import { bytesOfPrintable } from '../../../text/tokenizer/printable-bytes.ts';
import { ModelFileError } from '../model-file-error.ts';

/** An added token of a folder. */
export interface FolderToken extends AddedToken {
  /** It steers, and is no text for readers (the end of a turn). */
  readonly special: boolean;
}

/**
 * The vocabulary that a folder has, in whichever of its files. Where pairs are joined on bytes, tokens are strings of one
 * character a byte (Latin-1).
 */
export interface FolderVocabulary {
  /** Each token that pairs make, by id. */
  readonly tokens: ReadonlyMap<number, string>;
  readonly merges: readonly (readonly [left: string, right: string])[];
  readonly added: readonly FolderToken[];
  /** How texts become pieces and tokens become texts; without it, as for GPT-2. */
  readonly parts?: TokenizerParts;
}

/** Ten times the largest vocabulary of any model: a forged id must not make an endless table. */
const MAX_ID = 3_000_000;

/**
 * A vocabulary of pairs from what files write: token -> id, and pairs. `added`: tokens that stand for their text; they may be in
 * `vocabulary`, too. `file` and `mergesFile`: in messages. Throws ModelFileError.
 */
export function folderVocabulary(
  file: string,
  vocabulary: object,
  mergesFile: string,
  pairs: readonly (readonly [left: string, right: string])[],
  added: readonly FolderToken[],
  parts?: TokenizerParts,
): FolderVocabulary {
  const { onBytes } = within(file, () => compiledParts(parts).pieces);
  const textOf = onBytes ? bytesOfPrintable : (token: string) => token;
  // An added token takes no part in pairs, unless a pair says so.
  const inPairs = new Set(pairs.flatMap(([left, right]) => [left, right, left + right]));
  const addedIds = new Set(added.map(({ id }) => id));
  const tokens = new Map<number, string>();
  const seen = new Set<number>();
  for (const [token, id] of Object.entries(vocabulary)) {
    if (!isTokenId(id))
      throw ModelFileError.of(file, `token ${shown(token)} has the id ${shown(id)}, which is none`);
    if (seen.has(id)) throw ModelFileError.of(file, `two tokens have the id ${id}, one is ${shown(token)}`);
    seen.add(id);
    if (addedIds.has(id) && !inPairs.has(token)) continue;
    const text = textOf(token);
    if (text === undefined || text === '') {
      throw ModelFileError.of(
        file,
        `token ${shown(token)} has a character that stands for no byte, so it is no vocabulary of bytes like GPT-2's`,
        'Pairs are joined on bytes or on characters: which it is says the pre_tokenizer of tokenizer.json.',
      );
    }
    tokens.set(id, text);
  }
  const merges = checkedMerges(mergesFile, pairs, new Set(tokens.values()), textOf);
  return { tokens, merges, added, ...(parts && { parts }) };
}

/** Reads parts of a tokenizer; what is not supported is a ModelFileError of the file that says what is. */
export function within<Result>(file: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnsupportedPart)) throw error;
    throw ModelFileError.of(file, error.message, `Of tokenizers, ${error.known}.`);
  }
}

function checkedMerges(
  file: string,
  pairs: readonly (readonly [string, string])[],
  known: ReadonlySet<string>,
  textOf: (token: string) => string | undefined,
): [string, string][] {
  return pairs.map(([left, right], i) => {
    const [first, second] = [textOf(left), textOf(right)];
    const there = first !== undefined && second !== undefined;
    if (there && known.has(first) && known.has(second) && known.has(first + second)) return [first, second];
    const missing = [left, right, left + right].find((part) => !known.has(textOf(part) ?? part));
    throw ModelFileError.of(
      file,
      `pair ${i + 1}, ${shown(`${left} ${right}`)}, needs the token ${shown(missing ?? left)}, which the vocabulary does not have`,
      'Vocabulary and pairs are of different tokenizers: copy all tokenizer files of the model again.',
    );
  });
}

/** Whether a value of a file can be the id of a token. */
export function isTokenId(id: unknown): id is number {
  return Number.isInteger(id) && Number(id) >= 0 && Number(id) <= MAX_ID;
}

/** A value of a file in a message: not longer than a line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
