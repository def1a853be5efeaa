import { randomInt } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fittingFileName } from '../../contract/file-name.ts';
import { makeDirectory } from '../../files/durable.ts';
import { CacheError, errorCode, explained, orAbsent, systemProblem } from '../../files/system-problem.ts';
import type { RunEvent } from './run-event.ts';
import { isRunAbout, isRunEvent } from './stored-checks.ts';
import type { RunAbout, StoredRun } from './stored-run.ts';

/** Version of `run.json`. */
const RUN_VERSION = 1;
const RUN_ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/** A run that is being written: `run.json`, `events.ndjson` and `logs/` in `runs/<id>/`. */
export class RunStore {
  readonly about: RunAbout;
  readonly directory: string;
  /** Why nothing, or nothing more, is stored; undefined while all is. */
  problem: CacheError | undefined;
  #events: number | undefined;
  #closed = false;

  private constructor(about: RunAbout, directory: string) {
    this.about = about;
    this.directory = directory;
  }

  /**
   * Creates the folder of a new run under a name that no other run has. Where it cannot be created (a full or read-only
   * disk) `problem` says why: a run of hits needs none.
   */
  static async create(runsDirectory: string, about: Omit<RunAbout, 'run' | 'started'>): Promise<RunStore> {
    for (;;) {
      const started = new Date();
      const run = newName(started);
      const whole: RunAbout = { run, started: started.toISOString(), ...about };
      const store = new RunStore(whole, join(runsDirectory, run));
      try {
        await explained('store the run', () => store.#createFolder(runsDirectory));
        return store;
      } catch (error) {
        if (!(error instanceof CacheError)) throw error;
        if (errorCode(error.cause) === 'EEXIST' && existsSync(store.directory)) continue;
        store.problem = error;
        return store;
      }
    }
  }

  async #createFolder(runsDirectory: string): Promise<void> {
    if (!existsSync(runsDirectory)) await makeDirectory(runsDirectory); // a run of hits loads no fs/promises
    keepOutOfGit(dirname(runsDirectory));
    mkdirSync(this.directory);
    mkdirSync(join(this.directory, 'logs'));
    const text = JSON.stringify({ version: RUN_VERSION, ...this.about }, null, 2);
    writeFileSync(join(this.directory, 'run.json'), `${text}\n`);
    this.#events = openSync(join(this.directory, 'events.ndjson'), 'a');
  }

  /**
   * Whole lines, at once and in order: what a reporter has shown is stored, also when the run is killed. A full disk
   * ends the storing and not the run, whose stages can tell better what is wrong; `problem` says so.
   */
  append(event: RunEvent): void {
    if (this.#closed) throw new Error(`Internal error: the run is over, yet there is ${event.type} to store`);
    if (this.#events === undefined || this.problem !== undefined) return;
    try {
      writeFileSync(this.#events, `${JSON.stringify(event)}\n`);
    } catch (error) {
      const doing = `store the events of the run in ${this.directory}`;
      this.problem = systemProblem(doing, error);
      if (this.problem === undefined) throw error;
    }
  }

  /** Where the standard output and error of an attempt go. */
  logFile(stage: string, attempt: number): string {
    return join(this.directory, 'logs', `${fileName(stage)}.${attempt}.log`);
  }

  close(): void {
    this.#closed = true;
    if (this.#events !== undefined) closeSync(this.#events);
  }
}

/** Models must not be committed by accident, and what pipe writes makes no tree unclean. A file of the user stays. */
function keepOutOfGit(artifacts: string): void {
  const file = join(artifacts, '.gitignore');
  if (!existsSync(file)) writeFileSync(file, '*\n');
}

/** Ids of all stored runs, newest first. */
export async function listRuns(runsDirectory: string): Promise<string[]> {
  const names = (await orAbsent(readdir(runsDirectory))) ?? [];
  return names
    .filter((name) => RUN_ID.test(name))
    .sort()
    .reverse();
}

/**
 * A stored run; undefined if there is none or it is damaged, which `onDamage` gets. Of the events those that are
 * none are left out, such as a last line that a kill has cut.
 */
export async function readRun(
  runsDirectory: string,
  run: string,
  onDamage: (message: string) => void = () => {},
): Promise<StoredRun | undefined> {
  const about = await textOf(join(runsDirectory, run, 'run.json'));
  const events = await textOf(join(runsDirectory, run, 'events.ndjson'));
  const { version, ...rest } = Object(parsed(about)) as Partial<RunAbout & { version: number }>;
  if (version !== RUN_VERSION || !isRunAbout(rest) || events === undefined) {
    onDamage(`the run ${run} is left out: its files in ${join(runsDirectory, run)} are damaged`);
    return undefined;
  }
  return { about: rest, events: events.split('\n').slice(0, -1).map(parsed).filter(isRunEvent) };
}

/** Undefined for what is no file: opening a fifo would wait for a writer. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isFile() ? await readFile(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

/** Names for runs that start in the same millisecond: 1,000 times as many fit into four hexadecimal digits. */
const NAMES_A_MILLISECOND = 65;

/** `20261122-201500-ab12`, in UTC. The end grows with the millisecond, so names sort by time. */
function newName(time: Date): string {
  const [date, clock] = time.toISOString().replaceAll(/[-:]/g, '').split(/[T.]/) as [string, string];
  const end = time.getUTCMilliseconds() * NAMES_A_MILLISECOND + randomInt(NAMES_A_MILLISECOND);
  return `${date}-${clock}-${end.toString(16).padStart(4, '0')}`;
}

/** A stage's id holds the label of its variant, in which anything may stand; its length is limited in bytes. */
function fileName(stage: string): string {
  return fittingFileName(stage, stage.replaceAll(/[/\\%\0]/g, encodeURIComponent));
}
