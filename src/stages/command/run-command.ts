import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readlink, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished, type Readable } from 'node:stream';
import { type SecretFilter, StageError } from '../../contract/stage-context.ts';
import { redirectLinks } from '../network/redirect-links.ts';
import { commandFailure, notStarted } from './command-errors.ts';
import type { ProgramEvent } from './program-event.ts';
import { ProgramEvents } from './program-events.ts';
import { SHELLS, type Shell } from './shell.ts';

export interface CommandOptions {
  /** Program and arguments, or a script. */
  readonly run: string | readonly string[];
  /** What runs a script. */
  readonly shell: Shell;
  /** Path under `inputs/` of the command's directory -> private copy, which is moved there. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Where the command writes its outputs, relative to its directory. */
  readonly outputs: Readonly<
    Record<string, { readonly path: string; readonly artifact: 'file' | 'directory' }>
  >;
  /** Absolute paths that the outputs are moved to. */
  readonly destinations: Readonly<Record<string, string>>;
  /** The command's directory is made fresh in here. */
  readonly parentDirectory: string;
  readonly signal: AbortSignal;
  /** Makes a filter for each stream of the command's words. */
  readonly secretFilter: () => SecretFilter;
  /** Takes what the command says on the file that PIPE_EVENTS names. May throw a MetricProblem. */
  readonly onEvent: (event: ProgramEvent) => void;
}

/** Linux takes 128 KiB for one argument, its last zero byte included (MAX_ARG_STRLEN). */
const LONGEST_ARGUMENT = 131_071;
const TAIL_CHARACTERS = 4000;
/** A process left in the background may keep the command's output open: it is not waited for longer. */
const DRAIN_MS = 500;

/**
 * Runs a command in a fresh directory that holds its inputs under `inputs/`, and moves what it wrote to the
 * destinations. Standard output and error are passed on without secrets; standard input is closed. The child stays in this
 * process's group, so whoever ends the group ends the command and what it started. Throws StageError where it
 * cannot be started, fails, says what cannot be understood, or leaves an output out, and the reason of `signal` when that
 * is aborted.
 */
export async function runCommand(options: CommandOptions): Promise<void> {
  refuseOverlaps(options.outputs);
  const directory = await mkdtemp(join(options.parentDirectory, 'command-'));
  for (const [path, copy] of Object.entries(options.inputs)) {
    const place = join(directory, 'inputs', path);
    await mkdir(dirname(place), { recursive: true });
    await rename(copy, place);
  }
  for (const { path } of Object.values(options.outputs)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
  }
  await runToEnd(options, directory);
  for (const [name, output] of Object.entries(options.outputs)) await checkOutput(name, directory, output);
  await moveOutputs(options, await realpath(directory));
}

/** Two outputs cannot both be moved where one is the other or is in it. */
function refuseOverlaps(outputs: CommandOptions['outputs']): void {
  for (const [name, { path }] of Object.entries(outputs)) {
    for (const [other, { path: inside }] of Object.entries(outputs)) {
      if (name === other || !`${inside}/`.startsWith(`${path}/`)) continue;
      throw new StageError(`The outputs \`${name}\` (${path}) and \`${other}\` (${inside}) overlap.`, {
        hint: 'Give each output a path of its own; the command can copy what belongs to both.',
      });
    }
  }
}

/** Links among the outputs still show the same afterwards. */
async function moveOutputs({ outputs, destinations }: CommandOptions, directory: string): Promise<void> {
  const moves = new Map(
    Object.entries(outputs).map(([name, { path }]) => [join(directory, path), destinations[name]!]),
  );
  for (const from of moves.keys()) await redirectLinks(from, moves);
  for (const [from, to] of moves) await rename(from, to);
}

async function runToEnd(options: CommandOptions, directory: string): Promise<void> {
  const { signal, secretFilter } = options;
  const [program, ...rest] = (await argumentsOf(options)) as [string, ...string[]];
  signal.throwIfAborted();
  const events = await ProgramEvents.create(options.parentDirectory, options.onEvent);
  const child = await started(program, rest, directory, { ...process.env, PIPE_EVENTS: events.path });
  const end = ended(child, program);
  const cutLine = events.follow(end);
  // What it says is not understood, so its result would not be: nothing is gained by waiting.
  cutLine.catch(() => child.kill('SIGKILL'));
  const tail = { text: '' };
  const streams = [
    passOn(child.stdout, secretFilter(), process.stdout, tail),
    passOn(child.stderr, secretFilter(), process.stderr, tail),
  ];
  const stop = () => child.kill('SIGTERM');
  if (signal.aborted)
    stop(); // while the program was being started
  else signal.addEventListener('abort', stop);
  try {
    const { code, killedBy } = await end;
    await Promise.race([
      Promise.all(streams),
      new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref()),
    ]);
    signal.throwIfAborted();
    const cut = await cutLine;
    if (code !== 0) throw commandFailure({ program, run: options.run, code, killedBy }, tail.text);
    if (cut !== undefined) throw cut;
  } finally {
    signal.removeEventListener('abort', stop);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** Program and arguments. A script that is too long for an argument is read from a file, with the same `$0`. */
async function argumentsOf({ run, shell, parentDirectory }: CommandOptions): Promise<readonly string[]> {
  if (typeof run !== 'string') return run;
  if (Buffer.byteLength(run) <= LONGEST_ARGUMENT) return [...SHELLS[shell], run];
  const path = join(await mkdtemp(join(parentDirectory, 'script-')), 'run.sh');
  await writeFile(path, run);
  return [...SHELLS[shell], `. '${path.replaceAll("'", `'\\''`)}'`];
}

/** Starts a program. Throws a StageError where the system cannot; for some reasons only the child says so, later. */
async function started(program: string, rest: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  try {
    const child = spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (child.pid === undefined) await once(child, 'spawn'); // rejects with what was wrong
    return child;
  } catch (error) {
    throw notStarted(program, error);
  }
}

async function ended(
  child: ChildProcess,
  program: string,
): Promise<{ code: number | null; killedBy: NodeJS.Signals | null }> {
  try {
    const [code, killedBy] = await once(child, 'exit');
    return { code, killedBy };
  } catch (error) {
    throw notStarted(program, error);
  }
}

/** Passes a stream on and keeps its end; resolves when it closes. */
function passOn(
  from: Readable,
  filter: SecretFilter,
  to: NodeJS.WritableStream,
  tail: { text: string },
): Promise<void> {
  const pass = (bytes: Uint8Array) => {
    to.write(bytes);
    tail.text = (tail.text + Buffer.from(bytes).toString()).slice(-TAIL_CHARACTERS);
  };
  from.on('data', (chunk: Buffer) => pass(filter.write(chunk)));
  return new Promise((resolve) =>
    finished(from, () => {
      pass(filter.end());
      resolve();
    }),
  );
}

async function checkOutput(
  name: string,
  directory: string,
  { path, artifact }: CommandOptions['outputs'][string],
): Promise<void> {
  const place = join(directory, path);
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) {
    const target = await readlink(place).catch(() => undefined);
    if (target === undefined) {
      throw new StageError(`The command ended without writing its output \`${name}\` at ${path}.`, {
        hint: 'Paths are relative to the fresh directory that the command runs in.',
      });
    }
    throw new StageError(
      `The output \`${name}\` at ${path} is a symbolic link to ${target}, and there is nothing.`,
      { hint: 'Write the output itself, or link to what the command has written.' },
    );
  }
  if (!found.isFile() && !found.isDirectory()) {
    throw new StageError(`The output \`${name}\` at ${path} is neither a file nor a directory.`, {
      hint: 'Queues, sockets and devices cannot be stored: write a file.',
    });
  }
  if (found.isDirectory() !== (artifact === 'directory')) {
    throw new StageError(
      `The command wrote a ${found.isDirectory() ? 'directory' : 'file'} at ${path}, but \`${name}\` is declared as a ${artifact}.`,
      {
        hint: found.isDirectory()
          ? `Declare it as ${name}: { path: ${path}, artifact: directory }`
          : `Declare it as ${name}: ${path}`,
      },
    );
  }
}
