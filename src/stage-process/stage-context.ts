import { attemptFiles } from '../contract/attempt/attempt-files.ts';
import type { StageSpec } from '../contract/attempt/spec.ts';
import type { Json, JsonObject } from '../contract/json.ts';
import { messageOf } from '../contract/message-of.ts';
import type { StageContext } from '../contract/stage-context.ts';
import { worldOf } from '../contract/world.ts';
import { ItemMemory } from '../files/item-memory.ts';
import type { EventWriter } from './event-writer.ts';
import { inputArtifact } from './input-artifact.ts';
import type { Secrets } from './secrets.ts';

/**
 * What `run` is given, made from the spec. Everything that the stage tells goes into `events`; what it logs also
 * goes to standard output, so that the log file tells the whole story. Facts are collected into `facts`. No value of
 * `secrets` is told.
 */
export function stageContext(
  spec: StageSpec,
  events: EventWriter,
  facts: Record<string, Json>,
  signal: AbortSignal,
  secrets: Secrets,
): StageContext<JsonObject> {
  const warn = (message: string, hint?: string, mark: { of_result?: true } = {}): void => {
    const warning = { message, ...(hint !== undefined && { hint }) };
    events.write({ type: 'warning', ...secrets.hideIn(warning), ...mark });
    console.log(`warning: ${message}${hint === undefined ? '' : ` (${hint})`}`);
  };
  const say = (type: 'log' | 'sample', message: string): void => {
    events.write({ type, message: secrets.hide(message) });
    console.log(message);
  };
  return {
    settings: spec.settings,
    inputs: mapValues(spec.inputs, (input, name) => inputArtifact(name, input)),
    collections: mapValues(
      spec.collections,
      (inputs, name) =>
        new Map(
          Object.entries(inputs).map(([label, input]) => [label, inputArtifact(`${name} (${label})`, input)]),
        ),
    ),
    outputs: mapValues(spec.outputs, (output) => output.path),
    workDirectory: attemptFiles(spec.attemptDirectory).work,
    scratchDirectory: attemptFiles(spec.attemptDirectory).scratch,
    earlierWorkDirectories: spec.earlierWorkDirectories,
    ...(spec.engine !== null && { engine: spec.engine, engineByName: spec.engineByName === true }),
    ...worldOf(process.env, spec.secrets, signal),
    progress: (progress) => events.write({ type: 'progress', ...secrets.hideIn(progress) }),
    log: (message) => say('log', message),
    sample: (message) => say('sample', message),
    warn: (message, hint) => warn(message, hint),
    warnOfResult: (message, hint) => warn(message, hint, { of_result: true }),
    metric: (name, value) => events.write({ type: 'metric', name, value }),
    fact: (name, value) => {
      const shown = secrets.hideIn(value);
      facts[name] = shown;
      events.write({ type: 'fact', name, value: shown });
    },
    memo: memoIn(spec.itemsDirectory, warn),
    secretFilter: () => secrets.filter(),
  };
}

/** Answers that cannot be kept cost time later, and nothing now: it is said once. */
function memoIn(directory: string, warn: StageContext<unknown>['warn']): StageContext<unknown>['memo'] {
  const memory = new ItemMemory(directory);
  let told = false;
  const onUnkept = (error: unknown): void => {
    if (!told) warn(`Answers are not kept for later: ${messageOf(error)}.`);
    told = true;
  };
  // What is kept under a key is what was computed for it, and has its type.
  return async (key, compute) =>
    (await memory.answer(key, compute, onUnkept)) as Awaited<ReturnType<typeof compute>>;
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
