import type { Command } from 'commander';
import type { Candidate } from './candidate.ts';
import { candidatesFor } from './candidates.ts';
import type { Shell } from './shell.ts';
import { quotedAs, typedLine } from './shell-words.ts';

/**
 * Prints what the word at the cursor may become, one a line, in the form that the script of a shell takes. `words`: for bash the
 * place of the cursor, the line, and the part of the word that readline replaces; for the others the words of the line behind
 * the program's name, up to the cursor, as they are typed. Nothing is said of errors: Tab is pressed in the middle of things.
 */
export async function answerShell(program: Command, shell: Shell, words: readonly string[]): Promise<void> {
  const lines =
    shell === 'bash' ? await linesForBash(program, words) : await linesForOthers(program, shell, words);
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}

async function linesForBash(program: Command, [point = '', line = '', part = '']: readonly string[]) {
  const { words, current, typed } = typedLine(Buffer.from(line).subarray(0, Number(point)).toString());
  const candidates = await candidatesOf(program, words.slice(1), current);
  // Readline takes `=` and `:` for ends of words, and replaces what is behind the last one.
  const replaced = /^[=:]$/.test(part) ? '' : part;
  const kept = typed.length - (typed.endsWith(replaced) ? replaced.length : 0);
  const quote = /^["']/.exec(typed)?.[0] ?? '';
  return candidates.map(({ value, open }) => {
    const whole = quotedAs(typed, value);
    const rest = kept === 0 ? whole : whole.slice(kept - quote.length);
    // Bash closes quotes itself.
    return open || quote !== '' ? rest : `${rest} `;
  });
}

async function linesForOthers(program: Command, shell: Shell, typed: readonly string[]) {
  const words = typed.map((word) => typedLine(word).current);
  const candidates = await candidatesOf(program, words.slice(0, -1), words.at(-1) ?? '');
  return candidates.map(({ value, about = '', open }) => {
    const words = about.replaceAll(/\s+/g, ' ').slice(0, 80);
    if (shell === 'fish') return words === '' ? value : `${value}\t${words}`;
    return `${value}\t${open ? 'open' : ''}\t${words === '' ? '' : `  -- ${words}`}`;
  });
}

/** Those that begin as the word does and can be a line: a name with a line feed cannot be typed either. */
async function candidatesOf(
  program: Command,
  words: readonly string[],
  current: string,
): Promise<readonly Candidate[]> {
  const all = await candidatesFor(program, words, current);
  return all.filter(({ value }) => value.startsWith(current) && !/\p{Cc}/u.test(value));
}
