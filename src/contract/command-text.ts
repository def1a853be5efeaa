/** The command `pipe ARGUMENTS` as it can be pasted into a shell. */
export function commandText(args: readonly string[]): string {
  return ['pipe', ...args.map(shellWord)].join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
