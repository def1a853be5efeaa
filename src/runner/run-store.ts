import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explained, orAbsent } from '../cache/cache-error.ts';
import { fittingFileName } from '../contract/file-name.ts';
import type { JsonObject } from '../contract/json.ts';
import type { RunEvent } from './events.ts';

/** Version of `run.json`. */
const RUN_VERSION = 1;
const RUN_ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/** `run.json`: what a run was asked to do, and where. */
export interface RunAbout {
  readonly run: string;
  readonly started: string;
  readonly pipeline: string;
  readonly file: string;
  readonly params: JsonObject;
  /** The command line, without the program. */
  readonly argv: readonly string[];
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** A finished or unfinished run that was read back. */
export interface StoredRun {
  readonly about: RunAbout;
  readonly events: readonly RunEvent[];
}

/** A run that is being written: `run.json`, `events.ndjson` and `logs/` in `runs/<id>/`. */
export class RunStore {
  readonly about: RunAbout;
  readonly directory: string;
  readonly #events: number;
  #broken = false;

  private constructor(about: RunAbout, directory: string) {
    this.about = about;
    this.directory = directory;
    this.#events = openSync(join(directory, 'events.ndjson'), 'a');
  }

  /** Creates the folder of a new run under a name that no other run has. Throws a CacheError for a full disk. */
  static async create(runsDirectory: string, about: Omit<RunAbout, 'run' | 'started'>): Promise<RunStore> {
    return await explained('store the run', async () => {
      const started = new Date();
      mkdirSync(runsDirectory, { recursive: true });
      const run = createDirectory(runsDirectory, started);
      const directory = join(runsDirectory, run);
      mkdirSync(join(directory, 'logs'));
      const whole: RunAbout = { run, started: started.toISOString(), ...about };
      writeFileSync(
        join(directory, 'run.json'),
        `${JSON.stringify({ version: RUN_VERSION, ...whole }, null, 2)}\n`,
      );
      return new RunStore(whole, directory);
    });
  }

  /**
   * Whole lines, at once and in order: what a reporter has shown is stored, also when the run is killed. A full
   * disk ends the storing and not the run, whose stages can tell better what is wrong.
   */
  append(event: RunEvent): void {
    if (this.#broken) return;
    try {
      writeSync(this.#events, `${JSON.stringify(event)}\n`);
    } catch {
      this.#broken = true;
    }
  }

  /** Where the standard output and error of an attempt go. */
  logFile(stage: string, attempt: number): string {
    return join(this.directory, 'logs', `${fileName(stage)}.${attempt}.log`);
  }

  close(): void {
    closeSync(this.#events);
  }
}

/** Ids of all stored runs, newest first. */
export async function listRuns(runsDirectory: string): Promise<string[]> {
  const names = (await orAbsent(readdir(runsDirectory))) ?? [];
  return names
    .filter((name) => RUN_ID.test(name))
    .sort()
    .reverse();
}

/** A stored run; undefined where there is none or it cannot be read. A last line that a kill has cut is left out. */
export async function readRun(runsDirectory: string, run: string): Promise<StoredRun | undefined> {
  const about = await orAbsent(readFile(join(runsDirectory, run, 'run.json'), 'utf8'));
  const events = await orAbsent(readFile(join(runsDirectory, run, 'events.ndjson'), 'utf8'));
  if (about === undefined || events === undefined) return undefined;
  try {
    const { version, ...rest } = JSON.parse(about) as RunAbout & { version: number };
    if (version !== RUN_VERSION) return undefined;
    const lines = events.split('\n').slice(0, -1);
    return { about: rest, events: lines.map((line) => JSON.parse(line) as RunEvent) };
  } catch {
    return undefined;
  }
}

/** `20261122-201500-ab12`, in UTC: names sort by time. */
function createDirectory(runsDirectory: string, time: Date): string {
  const [date, clock] = time.toISOString().replaceAll(/[-:]/g, '').split(/[T.]/) as [string, string];
  for (;;) {
    const run = `${date}-${clock}-${randomBytes(2).toString('hex')}`;
    try {
      mkdirSync(join(runsDirectory, run));
      return run;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A stage's id holds the label of its variant, in which anything may stand. */
function fileName(stage: string): string {
  return fittingFileName(stage, stage.replaceAll(/[/\\%\0]/g, encodeURIComponent));
}
