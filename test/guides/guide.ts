import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const GUIDES = join(import.meta.dirname, '../../docs/guides');

/** A file that a guide has its reader write. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** A change of a file that is there, as a diff without line numbers. */
export interface Edit {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** One block of shell. */
export interface Command {
  readonly script: string;
  /** `by hand`: needs the network, a person or a repository of git. `debugger`: waits for one. */
  readonly how: 'run' | 'by hand' | 'debugger';
  readonly exitCode: number;
  /** Lines of its output, each with `…` for any text. */
  readonly shows: readonly string[];
}

export interface Guide {
  readonly name: string;
  readonly files: readonly NewFile[];
  readonly edits: readonly Edit[];
  readonly commands: readonly Command[];
}

/**
 * Reads the code blocks of docs/guides/NAME.md. The words behind the three backticks say what a block is: `ts PATH` (or
 * another language) is a file, `diff PATH` an edit, `sh` a command, `text` what the command before it shows.
 */
export function readGuide(name: string): Guide {
  const page = readFileSync(join(GUIDES, `${name}.md`), 'utf8');
  const files: NewFile[] = [];
  const edits: Edit[] = [];
  const commands: Command[] = [];
  for (const [, language, words, text] of page.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)) {
    if (language === 'sh') commands.push(command(words!, text!));
    else if (language === 'diff') edits.push(edit(words!, text!));
    else if (language === 'text') commands.push({ ...commands.pop()!, shows: text!.trimEnd().split('\n') });
    else files.push({ path: words!, text: text! });
  }
  return { name, files, edits, commands };
}

function command(words: string, script: string): Command {
  const how = words === 'by hand' || words === 'debugger' ? words : 'run';
  return { script: script.trimEnd(), how, exitCode: Number(/^exit (\d+)$/.exec(words)?.[1] ?? 0), shows: [] };
}

function edit(path: string, diff: string): Edit {
  const lines = diff.split(/(?<=\n)/);
  const without = (mark: string) =>
    lines
      .filter((line) => !line.startsWith(mark))
      .map((line) => line.slice(1) || '\n')
      .join('');
  return { path, before: without('+'), after: without('-') };
}
