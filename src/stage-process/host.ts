import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { attemptFiles } from '../contract/attempt/attempt-files.ts';
import { RESULT_VERSION, type StageResult } from '../contract/attempt/result.ts';
import { SPEC_VERSION, type StageSpec } from '../contract/attempt/spec.ts';
import { canonicalJson } from '../contract/canonical-json.ts';
import type { EngineChoice, EngineName } from '../contract/engine-name.ts';
import type { Json, JsonObject } from '../contract/json.ts';
import { type StageContext, StageError } from '../contract/stage-context.ts';
import type { StageType } from '../contract/stage-type.ts';
import { freeBytes } from '../files/disk-space.ts';
import { CacheError, explained } from '../files/system-problem.ts';
import { cancellationSignal } from './cancellation.ts';
import { EventWriter, type NewStageEvent } from './event-writer.ts';
import { hideInOutput, Secrets } from './secrets.ts';
import { stageContext } from './stage-context.ts';

/** With less than this left, what failed most likely failed for that. */
const FULL_BYTES = 64 * 1024;

/** What of a stage type its process needs. */
type Working = Pick<StageType, 'observe' | 'run'> & { readonly version?: StageType['version'] };

type ChooseEngine = (wanted: EngineName | 'auto') => Promise<EngineChoice>;

/** What this process can do. */
interface Program {
  /** The stage type of an order; undefined for one that this program does not have. */
  readonly typeOf: (spec: StageSpec) => Working | undefined;
  readonly chooseEngine: ChooseEngine;
}

type StageFailure = Extract<StageResult, { status: 'failed' }>['error'];

/**
 * The whole life of a stage's process: reads the spec, does the work, writes `result.json`, exits. Exit code 0 says
 * only that a result was written. The runner, which holds the lock of the action, does the rest. Never returns.
 */
export async function runStageHost(specFile: string | undefined, program: Program): Promise<never> {
  const spec = readSpec(specFile);
  const secrets = new Secrets(spec.secrets, process.env);
  hideInOutput(secrets, [process.stdout, process.stderr]);
  // A full disk ends the log, not the work.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    await explained('run the stage', async () => {
      const { events: eventsFile, cancel } = attemptFiles(spec.attemptDirectory);
      const events = new EventWriter(eventsFile);
      const result = await resultOf(spec, program, events, cancellationSignal(cancel), secrets);
      events.close();
      writeResult(spec, result);
    });
  } catch (error) {
    print(error); // there is no result, so the runner asks the system itself what is wrong with the disk
    process.exit(1);
  }
  process.exit(0); // a stage may have left sockets and timers behind
}

async function resultOf(
  spec: StageSpec,
  program: Program,
  events: EventWriter,
  signal: AbortSignal,
  secrets: Secrets,
): Promise<StageResult> {
  try {
    return await work(spec, program, events, signal, secrets);
  } catch (error) {
    if (signal.aborted) return { result: RESULT_VERSION, status: 'cancelled' };
    const full = await diskIsFull(spec.attemptDirectory);
    const failed = secrets.hideIn(failure(error));
    return {
      result: RESULT_VERSION,
      status: 'failed',
      error: full ? causedByFullDisk(failed, spec) : failed,
    };
  }
}

function readSpec(file: string | undefined): StageSpec {
  if (file === undefined) throw new Error('usage: stage-host <spec.json>');
  const spec = JSON.parse(readFileSync(file, 'utf8')) as StageSpec;
  if (spec.spec !== SPEC_VERSION) {
    throw new Error(
      `${file} has format ${spec.spec}, this program reads ${SPEC_VERSION}: runner and host differ`,
    );
  }
  return spec;
}

async function work(
  spec: StageSpec,
  program: Program,
  events: EventWriter,
  signal: AbortSignal,
  secrets: Secrets,
): Promise<StageResult> {
  const type = program.typeOf(spec);
  if (!type) throw new Error(`there is no stage type "${spec.uses}" in this process`);
  requireVersion(spec, type);
  for (const name of secrets.tooShort) events.write(tooShort(name));
  const facts: Record<string, Json> = {};
  const context = stageContext(
    await withEngine(spec, events, program.chooseEngine),
    events,
    facts,
    signal,
    secrets,
  );
  const before = await observe(type, context);
  await explained('finish the work of the stage', () => type.run(context));
  const after = await observe(type, context);
  requireSameWorld(before, after);
  return { result: RESULT_VERSION, status: 'done', observed: after, facts };
}

/** On another machine pipe may be another: what it gives would be on record as the work of this version. */
function requireVersion(spec: StageSpec, { version }: Working): void {
  if (version === undefined || spec.version === undefined) return;
  const here = typeof version === 'function' ? version(spec.settings) : version;
  if (here === spec.version) return;
  throw new StageError(
    `where the stage ran, ${spec.uses} is of version ${here}; whoever started it counts on version ${spec.version}`,
    { hint: 'Install the same version of pipe there, or build its image anew.' },
  );
}

/** On another machine than the runner's the stage chooses for itself what computes tensors. */
async function withEngine(
  spec: StageSpec,
  events: EventWriter,
  chooseEngine: ChooseEngine,
): Promise<StageSpec> {
  if (spec.engineWanted === undefined) return spec;
  const choice = await chooseEngine(spec.engineWanted);
  events.write({ type: 'engine', ...choice });
  return { ...spec, engine: choice.engine, engineByName: choice.requested !== 'auto' };
}

function tooShort(name: string): NewStageEvent {
  return {
    type: 'warning',
    message: `the secret ${name} is so short that its value is not hidden where the stage prints it`,
    hint: 'Only values of at least four bytes are hidden: fewer occur in any text by chance.',
  };
}

async function observe(type: Working, context: StageContext<JsonObject>): Promise<JsonObject> {
  return type.observe ? await type.observe(context.settings, context) : {};
}

function requireSameWorld(before: JsonObject, after: JsonObject): void {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => !sameFact(before[name], after[name]));
  if (changed.length === 0) return;
  const [name] = changed as [string];
  throw new StageError(
    `${name} changed while the stage ran, from ${JSON.stringify(before[name])} to ${JSON.stringify(after[name])}`,
    { hint: 'The result would mix both. Keep the server as it is and run again.' },
  );
}

function sameFact(one: Json | undefined, other: Json | undefined): boolean {
  return one !== undefined && other !== undefined && canonicalJson(one) === canonicalJson(other);
}

/** What the user can fix has a message and a hint. Any other error may be ours: its stack is kept. */
function failure(error: unknown): StageFailure {
  print(error);
  const { message, stack, hint } =
    error instanceof Error ? (error as StageError) : new StageError(String(error));
  if (isOfUser(error)) return { message, ...(hint !== undefined && { hint }) };
  return { message, ...(stack !== undefined && { stack }) };
}

function print(error: unknown): void {
  if (isOfUser(error))
    console.error(`error: ${error.message}${error.hint === undefined ? '' : `\n${error.hint}`}`);
  else console.error(error);
}

function isOfUser(error: unknown): error is StageError | CacheError {
  return error instanceof StageError || error instanceof CacheError;
}

/** Asked while all that the stage has written is still there. */
async function diskIsFull(directory: string): Promise<boolean> {
  return (await freeBytes(directory)) < FULL_BYTES;
}

/** Programs say it in many ways, or not at all. */
function causedByFullDisk(error: StageFailure, { attemptDirectory }: StageSpec): StageFailure {
  if (error.message.includes('the disk is full')) return error;
  return {
    ...error,
    message: `${error.message}\nThe disk is full: ${attemptDirectory}`,
    hint: 'Free some space on that disk, or give another folder with --artifacts.',
  };
}

/** A full disk may have no room for the result until what nobody needs any more is gone. */
function writeResult({ attemptDirectory }: StageSpec, result: StageResult): void {
  const { result: file, scratch } = attemptFiles(attemptDirectory);
  try {
    writeWhole(file, result);
  } catch {
    rmSync(scratch, { recursive: true, force: true });
    writeWhole(file, result);
  }
}

/** Readers see no result or a whole one. It need not survive the machine: after the runner's death nobody reads it. */
function writeWhole(file: string, result: StageResult): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, JSON.stringify(result));
  renameSync(draft, file);
}
