import type { AddedToken } from '../../../text/tokenizer/added-tokens.ts';
import { bytesOfPrintable } from '../../../text/tokenizer/printable-bytes.ts';
import { ModelFileError } from '../model-file-error.ts';

/** An added token of a folder. */
export interface FolderToken extends AddedToken {
  /** It steers, and is no text for readers (the end of a turn). */
  readonly special: boolean;
}

/** The vocabulary that a folder has, in whichever of its files. Bytes are strings of one character a byte (Latin-1). */
export interface FolderVocabulary {
  /** Bytes of each token that byte pairs make, by id. */
  readonly tokens: ReadonlyMap<number, string>;
  readonly merges: readonly (readonly [left: string, right: string])[];
  readonly added: readonly FolderToken[];
}

/** Ten times the largest vocabulary of any model: a forged id must not make an endless table. */
const MAX_ID = 3_000_000;

/**
 * A vocabulary of byte pairs from its parts as files write them: token -> id, and pairs. `added`: tokens that stand for their text; they
 * may be in `vocabulary`, too. `file` and `mergesFile`: in messages. Throws ModelFileError.
 */
export function folderVocabulary(
  file: string,
  vocabulary: object,
  mergesFile: string,
  pairs: readonly (readonly [left: string, right: string])[],
  added: readonly FolderToken[],
): FolderVocabulary {
  const addedIds = new Set(added.map(({ id }) => id));
  const tokens = new Map<number, string>();
  for (const [token, id] of Object.entries(vocabulary)) {
    if (!isTokenId(id))
      throw ModelFileError.of(file, `token ${shown(token)} has the id ${shown(id)}, which is none`);
    if (tokens.has(id)) throw ModelFileError.of(file, `two tokens have the id ${id}, one is ${shown(token)}`);
    if (addedIds.has(id)) continue;
    const bytes = bytesOfPrintable(token);
    if (bytes === undefined || bytes === '') {
      throw ModelFileError.of(
        file,
        `token ${shown(token)} has a character that stands for no byte, so it is no vocabulary of bytes like GPT-2's`,
        'Only tokenizers of the kind of GPT-2 are read: byte pairs on bytes.',
      );
    }
    tokens.set(id, bytes);
  }
  return { tokens, merges: checkedMerges(mergesFile, pairs, new Set(tokens.values())), added };
}

function checkedMerges(
  file: string,
  pairs: readonly (readonly [string, string])[],
  known: ReadonlySet<string>,
): [string, string][] {
  return pairs.map(([left, right], i) => {
    const [first, second] = [bytesOfPrintable(left), bytesOfPrintable(right)];
    const whole = first !== undefined && second !== undefined ? first + second : undefined;
    const missing =
      [first, second, whole].findIndex((part) => part === undefined || !known.has(part)) >= 0
        ? [left, right, left + right].find((part) => !known.has(bytesOfPrintable(part) ?? part))
        : undefined;
    if (first !== undefined && second !== undefined && missing === undefined) return [first, second];
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
