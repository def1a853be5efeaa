import { StageError } from '../../contract/stage-context.ts';
import { outsideText } from '../network/outside-text.ts';

/** Lines of the command's own words that an error repeats. */
const LINES_SHOWN = 10;

const ONLY_INPUTS =
  'A command runs in a fresh folder that holds only its declared inputs, at inputs/NAME. Declare each script and file ' +
  'that it needs, such as inputs: { main: { file: ./main.py } }, and use it as inputs/main.';

/** What shells, interpreters and loaders say of a file that is not there. */
const MISSING_FILE = /can't open|cannot open|no such file|not found|cannot find module|no module named/i;

/** The error for a command that ended without success; `tail`: what it printed last. */
export function commandFailure(
  program: string,
  code: number | null,
  killedBy: NodeJS.Signals | null,
  tail: string,
): StageError {
  const how = code === null ? `was ended by ${killedBy}` : `failed with exit code ${code}`;
  const lines = tail
    .trimEnd()
    .split(/\r?\n|\r/)
    .slice(-LINES_SHOWN)
    .map((line) => outsideText(line));
  const hint = hintFor(code, tail);
  const words = lines.join('\n');
  const message =
    words.trim() === ''
      ? `\`${program}\` ${how} and wrote nothing${tail.trim() === '' ? '' : ' that can be shown'}.`
      : `\`${program}\` ${how}:\n${words}`;
  return new StageError(message, hint === undefined ? {} : { hint });
}

function hintFor(code: number | null, tail: string): string | undefined {
  // Shells say 127 for a program that is not there, and 126 for one that may not be run.
  if (code === 126) return notExecutable('the file');
  return code === 127 || MISSING_FILE.test(tail) ? ONLY_INPUTS : undefined;
}

/** The error for a program that could not be started. */
export function notStarted(program: string, error: unknown): StageError {
  const [reason, hint] = explained(program, error);
  return new StageError(`Cannot start \`${program}\`: ${reason}.`, { hint, cause: error });
}

function explained(program: string, error: unknown): readonly [reason: string, hint: string] {
  const { code, message } = Object(error) as { code?: string; message?: string };
  if (code === 'ENOENT') {
    const onPath = 'Give a program that is on PATH; scripts are declared as inputs and run as inputs/NAME.';
    return ['there is no such program', program.includes('/') ? ONLY_INPUTS : onPath];
  }
  if (code === 'EMFILE' || code === 'ENFILE')
    return ['too many files are open', 'Raise the limit: ulimit -n'];
  if (code === 'EACCES') return ['it is not executable', notExecutable(program)];
  if (code === 'E2BIG') {
    return [
      'its arguments and variables are longer than the system takes',
      'Put long texts into files, and declare these as inputs. Linux takes 128 KiB for one argument or variable.',
    ];
  }
  return [
    outsideText(message ?? String(error)),
    'Give a program that is on PATH, or a script that is an input.',
  ];
}

function notExecutable(file: string): string {
  return `Name its interpreter (sh ${file === 'the file' ? 'inputs/NAME' : file}), or make it executable where it is declared: chmod +x FILE.`;
}
