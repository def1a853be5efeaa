/** A token that stands for its own text, wherever that occurs: it takes no part in byte pairs. */
export interface AddedToken {
  readonly id: number;
  readonly text: string;
  /** White space on this side of it belongs to it. */
  readonly takesLeft?: boolean;
  readonly takesRight?: boolean;
  /** Looked for only in what the others leave. */
  readonly later?: boolean;
}

/** A piece of a text: an added token, or what is between two of them. */
type Part = number | string;

/**
 * Cuts a text at the added tokens in it: at each place the longest, from left to right, as the library `tokenizers` does.
 */
export function cutAtAddedTokens(text: string, tokens: readonly AddedToken[]): readonly Part[] {
  const first = cut(
    [text],
    tokens.filter(({ later }) => !later),
  );
  return cut(
    first,
    tokens.filter(({ later }) => later),
  );
}

function cut(parts: readonly Part[], tokens: readonly AddedToken[]): readonly Part[] {
  if (tokens.length === 0) return parts;
  const longestFirst = [...tokens].sort((a, b) => b.text.length - a.text.length);
  const pattern = new RegExp(longestFirst.map(({ text }) => `(${escaped(text)})`).join('|'), 'gu');
  return parts.flatMap((part) => (typeof part === 'number' ? [part] : cutText(part, longestFirst, pattern)));
}

function cutText(text: string, tokens: readonly AddedToken[], pattern: RegExp): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const { id, text: own, takesLeft, takesRight } = tokens.find((_, i) => match[i + 1] !== undefined)!;
    const before = text.slice(end, Math.max(end, match.index));
    const kept = takesLeft ? before.replace(/\p{White_Space}+$/u, '') : before;
    if (kept !== '') parts.push(kept);
    parts.push(id);
    end = match.index + own.length;
    if (takesRight) end += /^\p{White_Space}*/u.exec(text.slice(end))![0].length;
  }
  const rest = text.slice(end);
  return rest === '' ? parts : [...parts, rest];
}

function escaped(text: string): string {
  return text.replaceAll(
    /[\\^$.*+?()[\]{}|/-]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16)}`,
  );
}
