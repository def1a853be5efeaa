/** A piece of a text, and whether the other text has it too. */
export interface Piece {
  readonly text: string;
  readonly same: boolean;
}

/** The table of a longer comparison would take too much time for what it shows. */
const MOST_CELLS = 250_000;

/**
 * A text in pieces: what it has in common with `other`, word by word and in order (longest common subsequence), and what
 * it has not. One piece that is the whole text where the two are too long to compare.
 */
export function wordDifferences(text: string, other: string): readonly Piece[] {
  const [words, others] = [wordsOf(text), wordsOf(other)];
  let start = 0;
  while (start < words.length && words[start] === others[start]) start++;
  let end = 0;
  const left = Math.min(words.length, others.length) - start;
  while (end < left && words.at(-1 - end) === others.at(-1 - end)) end++;
  const middle = words.slice(start, words.length - end);
  const otherMiddle = others.slice(start, others.length - end);
  if (middle.length * otherMiddle.length > MOST_CELLS) return [{ text, same: true }];
  const kept = new Set(commonWords(middle, otherMiddle).map((index) => index + start));
  const isSame = (index: number) => index < start || index >= words.length - end || kept.has(index);
  const pieces: { text: string; same: boolean }[] = [];
  for (const [index, word] of words.entries()) {
    const last = pieces.at(-1);
    // Spaces between two words that differ belong to the difference.
    const same = isSame(index) && !(/^\s+$/.test(word) && last?.same === false && !isSame(index + 1));
    if (last?.same === same) last.text += word;
    else pieces.push({ text: word, same });
  }
  return pieces;
}

/** Words, and what is between them. */
function wordsOf(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}\p{M}_]+|[^\s\p{L}\p{N}\p{M}_]/gu) ?? [];
}

/** Indices of the words of a longest common subsequence, in the first list. */
function commonWords(words: readonly string[], others: readonly string[]): number[] {
  const columns = others.length + 1;
  const longest = new Uint16Array((words.length + 1) * columns);
  for (let i = words.length - 1; i >= 0; i--) {
    for (let j = others.length - 1; j >= 0; j--) {
      longest[i * columns + j] =
        words[i] === others[j]
          ? longest[(i + 1) * columns + j + 1]! + 1
          : Math.max(longest[(i + 1) * columns + j]!, longest[i * columns + j + 1]!);
    }
  }
  const common: number[] = [];
  for (let i = 0, j = 0; i < words.length && j < others.length; ) {
    if (words[i] === others[j]) {
      common.push(i++);
      j++;
    } else if (longest[(i + 1) * columns + j]! >= longest[i * columns + j + 1]!) i++;
    else j++;
  }
  return common;
}
