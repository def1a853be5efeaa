/** The command `pipe ARGUMENTS` as it can be pasted into a shell; `program`: how pipe is started, as shell text. */
export function commandText(args: readonly string[], program = 'pipe'): string {
  return [program, ...args.map(shellWord)].join(' ');
}

/** A text as one word of a shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
