import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Static } from 'typebox';
import { Value } from 'typebox/value';
import type { StageEvent } from '../../src/contract/attempt/stage-event.ts';
import type { EngineName } from '../../src/contract/engine-name.ts';
import type { SettingsSchema } from '../../src/contract/settings.ts';
import type { InputArtifact, StageContext } from '../../src/contract/stage-context.ts';
import type { StageType } from '../../src/contract/stage-type.ts';
import { type Environment, type World, worldOf } from '../../src/contract/world.ts';
import { ItemMemory } from '../../src/files/item-memory.ts';
import { Secrets } from '../../src/stage-process/secrets.ts';

type Untimed<Event> = Event extends unknown ? Omit<Event, 'time'> : never;
export type StageRunEvent = Untimed<StageEvent>;

export interface StageRun {
  /** Absolute paths of the outputs by name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** sha256 of each output by name; of a directory: of its sorted paths and contents. */
  readonly digests: Readonly<Record<string, string>>;
  readonly events: readonly StageRunEvent[];
  readonly workDirectory: string;
}

export interface StageRunOptions {
  /** As in a pipeline, without pieces and parameters; defaults are filled in and the schema is checked. */
  readonly with?: Record<string, unknown>;
  /** Input name -> path of a file or directory. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Input name -> variant label -> path. */
  readonly collections?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly earlierWorkDirectories?: readonly string[];
  /** Where answers are kept; a stage that is given none knows of no other. */
  readonly itemsDirectory?: string;
  /** Variables that the pipeline declares under `secrets`. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly engine?: EngineName;
  readonly signal?: AbortSignal;
  /** Sees every event as it comes. */
  readonly onEvent?: (event: StageRunEvent) => void;
  /** The attempt's directory; by default a fresh one in the system's temporary directory. */
  readonly directory?: string;
}

const directories: string[] = [];

/** A fresh directory that `removeDirectories` removes. */
export function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pipe-stage-'));
  directories.push(directory);
  return directory;
}

/** For `afterEach`: removes every directory that the tests of a file were given. */
export function removeDirectories(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** The world of a stage: these variables, and those that are declared as secrets. */
export function world(
  environment: Environment = {},
  secrets: Readonly<Record<string, string>> = {},
  signal: AbortSignal = new AbortController().signal,
): World {
  return worldOf({ ...environment, ...secrets }, Object.keys(secrets), signal);
}

/** The settings as a stage gets them: defaults filled in, checked against the schema. */
export function resolvedSettings<Schema extends SettingsSchema>(
  type: StageType<Schema>,
  values: Record<string, unknown> = {},
): Static<Schema> {
  const settings = Value.Default(type.settings, structuredClone(values));
  const [error] = Value.Errors(type.settings, settings);
  if (error !== undefined)
    throw new Error(`settings${error.instancePath.replaceAll('/', '.')}: ${error.message}`);
  return settings as Static<Schema>;
}

/** Runs a stage type in this process as its host would, in a directory of its own. */
export async function runStage<Schema extends SettingsSchema>(
  type: StageType<Schema>,
  options: StageRunOptions = {},
): Promise<StageRun> {
  const settings = resolvedSettings(type, options.with);
  const directory = options.directory ?? freshDirectory();
  const workDirectory = join(directory, 'work');
  const scratchDirectory = join(directory, 'scratch');
  for (const path of [workDirectory, scratchDirectory]) mkdirSync(path, { recursive: true });
  const outputs = Object.fromEntries(
    Object.entries(type.outputs(settings)).map(([name, { path }]) => [
      name,
      join(directory, 'outputs', path),
    ]),
  );
  for (const path of [join(directory, 'outputs', 'x'), ...Object.values(outputs)]) {
    mkdirSync(dirname(path), { recursive: true });
  }
  const given = (path: string, copy: string) =>
    inputArtifact(type.inputAccess === 'copy' ? copied(path, join(directory, copy)) : path);
  const events: StageRunEvent[] = [];
  const emit = (event: StageRunEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const memory = new ItemMemory(options.itemsDirectory ?? join(directory, 'cache', 'items'));
  const context: StageContext<Static<Schema>> = {
    settings,
    inputs: mapValues(options.inputs ?? {}, (path, name) => given(path, join('inputs', name))),
    collections: mapValues(
      options.collections ?? {},
      (paths, name) =>
        new Map(
          Object.entries(paths).map(([label, path], index) => [
            label,
            given(path, join('collections', name, String(index))),
          ]),
        ),
    ),
    outputs,
    workDirectory,
    scratchDirectory,
    earlierWorkDirectories: options.earlierWorkDirectories ?? [],
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...world(process.env, options.secrets, options.signal),
    progress: (progress) => emit({ type: 'progress', ...progress }),
    log: (message) => emit({ type: 'log', message }),
    sample: (message) => emit({ type: 'sample', message }),
    warn: (message, hint) => emit({ type: 'warning', message, ...(hint === undefined ? {} : { hint }) }),
    warnOfResult: (message, hint) =>
      emit({ type: 'warning', message, ...(hint === undefined ? {} : { hint }), of_result: true }),
    metric: (name, value) => emit({ type: 'metric', name, value }),
    fact: (name, value) => emit({ type: 'fact', name, value }),
    memo: async (key, compute) =>
      (await memory.answer(key, compute, () => {})) as Awaited<ReturnType<typeof compute>>,
    secretFilter: () => new Secrets([], {}).filter(),
  };
  await type.run(context);
  const missing = Object.keys(outputs).filter((name) => !existsSync(outputs[name]!));
  if (missing.length > 0) throw new Error(`${type.uses} did not write ${missing.join(', ')}`);
  return {
    outputs,
    digests: mapValues(outputs, digestOf),
    events,
    workDirectory,
  };
}

/** Relative paths of a directory's files, sorted. */
function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile())
    .sort();
}

function digestOf(path: string): string {
  const hash = createHash('sha256');
  if (statSync(path).isFile()) return hash.update(readFileSync(path)).digest('hex');
  for (const file of filesOf(path)) hash.update(`${file}\0${digestOf(join(path, file))}\n`);
  return hash.digest('hex');
}

function inputArtifact(path: string): InputArtifact {
  const directory = statSync(path).isDirectory();
  return {
    digest: digestOf(path),
    path,
    files: directory ? filesOf(path) : [],
    file: (relativePath) => {
      const file = join(path, relativePath);
      return directory && existsSync(file) ? file : undefined;
    },
  };
}

function mapValues<Value, Result>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}

function copied(from: string, to: string): string {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
  return to;
}
