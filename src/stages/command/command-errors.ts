import { StageError } from '../../contract/stage-context.ts';
import { outsideText } from '../../network/outside-text.ts';

/** Lines of the command's own words that an error repeats. */
const LINES_SHOWN = 10;

const ONLY_INPUTS =
  'A command runs in a fresh folder that holds only its declared inputs, at inputs/NAME. Declare each script and file ' +
  'that it needs, such as inputs: { main: { file: ./main.py } }, and use it as inputs/main.';

/** What shells, interpreters and loaders say of a file that is not there. */
const MISSING_FILE = /can't open|cannot open|no such file|not found|cannot find module|no module named/i;

/** What shells say of a program that is on no folder of PATH. */
const NO_PROGRAM = /(?:^|: )([\w.+-]+): (?:command )?not found\s*$/m;

/** What a shell says of a program that SIGPIPE has ended. */
const BROKEN_PIPE = 128 + 13;
const UNREAD =
  'A program of a pipe wrote more than the next one reads, as `yes | head` does. Write `(yes || true) | head`, or `shell: sh`, which heeds the last one alone.';

interface FailedCommand {
  readonly program: string;
  /** As the pipeline has it. */
  readonly run: string | readonly string[];
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
}

/** The error for a command that ended without success; `tail`: what it printed last. */
export function commandFailure({ program, run, code, killedBy }: FailedCommand, tail: string): StageError {
  const how = code === null ? `was ended by ${killedBy}` : `failed with exit code ${code}`;
  const lines = tail
    .trimEnd()
    .split(/\r?\n|\r/)
    .slice(-LINES_SHOWN)
    .map((line) => outsideText(line));
  const hint = hintFor(code, run, tail);
  const words = lines.join('\n');
  const message =
    words.trim() === ''
      ? `\`${program}\` ${how} and wrote nothing${tail.trim() === '' ? '' : ' that can be shown'}.`
      : `\`${program}\` ${how}:\n${words}`;
  return new StageError(message, hint === undefined ? {} : { hint });
}

function hintFor(code: number | null, run: FailedCommand['run'], tail: string): string | undefined {
  // Shells say 127 for a program that is not there, and 126 for one that may not be run.
  if (code === 126) return notExecutable('the file');
  if (code === BROKEN_PIPE) return UNREAD;
  if (code !== 127 && !MISSING_FILE.test(tail)) return undefined;
  const file = missingFile(run, tail);
  if (file !== undefined) return `${declaration(file)} A command sees nothing of its project but its inputs.`;
  const program = NO_PROGRAM.exec(tail)?.[1];
  return program === undefined
    ? ONLY_INPUTS
    : `Is \`${program}\` installed, in a folder of PATH? ${ONLY_INPUTS}`;
}

/** The file that a command names as one of its own folder, and that it says it has not found. */
function missingFile(run: FailedCommand['run'], tail: string): string | undefined {
  const words = typeof run === 'string' ? run.split(/[\s"'`;|&<>()=]+/) : run;
  const names = words
    .map((word) => word.replace(/^(\.\/)+/, ''))
    .filter(
      (name) => /^[\w-][\w.-]*(\/[\w.-]+)*$/.test(name) && /[./]/.test(name) && !/^inputs\//.test(name),
    );
  const complaints = tail.split('\n').filter((line) => MISSING_FILE.test(line));
  return names.find((name) => complaints.some((line) => line.includes(name)));
}

/** How a pipeline declares a file that is next to it; of one in a folder, the folder with all that it may need. */
function declaration(file: string): string {
  const [input] = file.split('/') as [string];
  return `If \`${file}\` is a file of yours, it is no input: declare inputs: { ${input}: { file: ./${input} } }, and write inputs/${file}.`;
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
    if (program === 'bash') return ['there is no such program', 'Install bash, or write shell: sh'];
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
