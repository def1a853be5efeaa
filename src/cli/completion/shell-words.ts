/** What a shell makes of a line that is still being typed. */
export interface TypedLine {
  /** The words that are complete, without quotes. */
  readonly words: readonly string[];
  /** The word at the end, without quotes, and as it is typed. */
  readonly current: string;
  readonly typed: string;
}

/** Takes a line apart as a shell does, as far as words and quotes go. Nothing in it is expanded or run. */
export function typedLine(line: string): TypedLine {
  const words: string[] = [];
  let current = '';
  let start = 0;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const sign = line[at]!;
    if (quote === '' && /\s/.test(sign)) {
      if (at > start) words.push(current);
      current = '';
      start = at + 1;
    } else if (sign === quote) quote = '';
    else if (quote === '' && (sign === '"' || sign === "'")) quote = sign;
    else if (sign === '\\' && quote !== "'") current += line[++at] ?? '';
    else current += sign;
  }
  return { words, current, typed: line.slice(start) };
}

/** A word as bash reads it, in the way of quoting that its beginning has. */
export function quotedAs(typed: string, word: string): string {
  if (typed.startsWith("'")) return word.replaceAll("'", `'\\''`);
  if (typed.startsWith('"')) return word.replaceAll(/[\\"$`]/g, '\\$&');
  return word.replaceAll(/[^\w@%+=:,./~^-]/gu, '\\$&');
}
