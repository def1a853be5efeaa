import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import type { RunEvent } from '../../src/runner/events/run-event.ts';

/** The command line that was built. */
export const BINARY = resolve(import.meta.dirname, '../../dist/pipe.cjs');

/** The command `pipe` as an installation has it: a link in a folder of PATH. */
const INSTALLED = resolve(import.meta.dirname, '../../node_modules/.cache/pipe/bin/pipe');
mkdirSync(dirname(INSTALLED), { recursive: true });
try {
  symlinkSync(relative(dirname(INSTALLED), BINARY), INSTALLED);
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // all tests share it
}

/** What one run of the real binary printed and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own to drive the real binary in. The environment is scrubbed: only what a test names gets in. */
export class Project {
  readonly directory: string;
  readonly #environment: Record<string, string>;
  readonly #running = new Set<ChildProcess>();

  constructor(
    files: Readonly<Record<string, string | Uint8Array>> = {},
    environment: Record<string, string> = {},
  ) {
    this.directory = mkdtempSync(join(tmpdir(), 'pipe-'));
    this.#environment = environment;
    this.write('package.json', '{}'); // marks the project's root, as in a user's repository
    for (const [path, content] of Object.entries(files)) this.write(path, content);
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
  }

  /** Starts the binary and gives back the process, for tests that kill it. */
  start(
    args: readonly string[],
    environment: Record<string, string> = {},
    folder = this.directory,
  ): ChildProcess {
    const child = spawn(process.execPath, [INSTALLED, ...args], {
      cwd: folder,
      env: {
        PATH: `${dirname(INSTALLED)}${delimiter}${process.env.PATH ?? ''}`,
        HOME: process.env.HOME ?? '',
        LANG: 'C.UTF-8',
        NO_COLOR: '1',
        ...this.#environment,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Runs the binary to its end, in this folder or another one. */
  pipe(
    args: readonly string[],
    environment: Record<string, string> = {},
    folder?: string,
  ): Promise<Finished> {
    return finished(this.start(args, environment, folder));
  }

  /** `pipe run … --json`: the events, and how it ended. */
  async run(
    args: readonly string[],
    environment: Record<string, string> = {},
  ): Promise<Finished & { events: RunEvent[] }> {
    const ended = await this.pipe(['run', ...args, '--json'], environment);
    return { ...ended, events: parseEvents(ended.stdout) };
  }

  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** Waits for the end of a process and collects what it prints. */
export function finished(child: ChildProcess): Promise<Finished> {
  return new Promise((done, failed) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', failed);
    child.once('close', (code, signal) => done({ code, signal, stdout, stderr }));
  });
}

/** Whole lines of NDJSON; a last line that was cut by a kill is left out. */
export function parseEvents(stdout: string): RunEvent[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
}

/** Stage -> outcome, from the events of a run. */
export function outcomes(events: readonly RunEvent[]): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event) => (event.type === 'stage-finished' ? [[event.stage, event.outcome]] : [])),
  );
}

/** `stage.output` -> digest, from the events of a run. */
export function digests(events: readonly RunEvent[]): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event) =>
      event.type === 'stage-finished'
        ? Object.entries(event.outputs).map(([name, output]) => [`${event.stage}.${name}`, output.digest])
        : [],
    ),
  );
}
