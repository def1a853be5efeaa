import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attemptFiles } from '../../../src/contract/attempt/attempt-files.ts';
import { RESULT_VERSION, type StageResult } from '../../../src/contract/attempt/result.ts';
import type { SpecInput, StageSpec } from '../../../src/contract/attempt/spec.ts';
import type { StageEvent } from '../../../src/contract/attempt/stage-event.ts';
import type { AttemptHandle, Executor } from '../../../src/runner/executor/executor.ts';
import { noEngine } from '../fixtures/no-engine.ts';
import { type Artifact, type Files, filesOf, sorted } from './artifact.ts';
import { alwaysFails, compute, type Identity, identityOf, type Task } from './compute.ts';
import type { Settings } from './pipeline-of.ts';
import type { Recorded } from './staleness.ts';

/** How long stages take and whether they heed an interrupt: what decides the order in which they end. */
export interface Tempo {
  /** Milliseconds of each attempt in the order in which they start, over and over; 0 is at once. */
  readonly durations: readonly number[];
  /** Goes on after it was asked to stop, and ends only when it is killed. */
  readonly isStubborn: boolean;
}

/** One execution of an action, as its "process" saw it. */
export interface Execution {
  readonly stage: string;
  readonly key: string;
  /** Of what it really read; undefined until it has. */
  identity?: Identity;
  end: StageResult['status'] | 'none';
}

/** A process that was killed in the middle: some outputs are there, and no result. */
const DEATH = failed('died');

/**
 * Computes outputs within this process, directly in the attempt's directory. An execution that fails, is stopped or
 * is done is noted; `onStart` is called with those that are at work whenever one more begins.
 */
export class DirectExecutor implements Executor {
  readonly chooseEngine = noEngine;
  readonly executions: Execution[] = [];
  readonly atWork = new Set<Execution>();
  readonly #recorded: Recorded;
  readonly #tempo: Tempo;
  readonly #onStart: (atWork: readonly Execution[]) => void;

  constructor(recorded: Recorded, tempo: Tempo, onStart: (atWork: readonly Execution[]) => void) {
    this.#recorded = recorded;
    this.#tempo = tempo;
    this.#onStart = onStart;
  }

  start(spec: StageSpec): AttemptHandle {
    const { label } = spec.settings as unknown as Settings;
    const execution: Execution = { stage: label, key: spec.key, end: 'none' };
    const { durations, isStubborn } = this.#tempo;
    const duration = durations[this.executions.length % durations.length] ?? 0;
    this.executions.push(execution);
    this.atWork.add(execution);
    this.#onStart([...this.atWork]);

    let stop: (how: StageResult) => void = () => {};
    const stopped = new Promise<StageResult>((resolve) => {
      stop = resolve;
    });
    const done = Promise.race([duration === 0 ? undefined : delay(duration), stopped]).then((how) => {
      const result = how ?? this.#work(spec, execution);
      execution.end = result.status;
      this.atWork.delete(execution);
      if (result !== DEATH) writeResult(spec, result);
      return result;
    });
    return {
      events: eventsOf(done),
      done,
      cancel: () => {
        if (!isStubborn) stop({ result: RESULT_VERSION, status: 'cancelled' });
      },
      kill: () => stop(failed('was killed')),
    };
  }

  /** No attempt outlives its run here. */
  async endRemains(): Promise<void> {}

  async close(): Promise<void> {}

  /** Reads the inputs as they are now, not as they should be. */
  #work(spec: StageSpec, execution: Execution): StageResult {
    const task = JSON.parse((spec.settings as unknown as Settings).task) as Task;
    const inputs = filesOfSpec(spec);
    const identity = identityOf(task, inputs);
    execution.identity = identity;
    const dies = this.#recorded.attempts(identity) < task.work.flaky;
    const fails = alwaysFails(task, inputs);
    this.#recorded.attempted(identity, !fails && !dies);
    if (fails) return failed('fails');
    const outputs = Object.entries(compute(task, inputs)).slice(0, dies ? 1 : undefined);
    for (const [name, artifact] of outputs) write(spec.outputs[name]!.path, artifact);
    if (dies) return DEATH;
    return { result: RESULT_VERSION, status: 'done', observed: {}, facts: {} };
  }
}

async function* eventsOf(done: Promise<unknown>): AsyncGenerator<StageEvent> {
  yield { time: Date.now(), type: 'log', message: 'begins' };
  await done;
  yield { time: Date.now(), type: 'metric', name: 'answer', value: 42 };
}

function failed(message: string): StageResult {
  return { result: RESULT_VERSION, status: 'failed', error: { message } };
}

function filesOfSpec({ inputs, collections }: StageSpec): Files {
  const plain = Object.entries(inputs).flatMap(([name, input]) => filesOfInput(name, input));
  const collected = Object.entries(collections).flatMap(([name, byLabel]) =>
    Object.entries(byLabel).flatMap(([label, input]) => filesOfInput(`${name}/${label || 'default'}`, input)),
  );
  return sorted([...plain, ...collected]);
}

function filesOfInput(name: string, input: SpecInput): Files {
  if (input.artifact === 'file') return [[name, readFileSync(input.path, 'utf8')]];
  const { path: copy } = input;
  return Object.entries(input.files).map(([path, stored]) => [
    `${name}/${path}`,
    readFileSync(copy === undefined ? stored : join(copy, path), 'utf8'),
  ]);
}

function write(path: string, artifact: Artifact): void {
  const directory = dirname(path);
  for (const [name, text] of filesOf(basename(path), artifact)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** Like a stage's process: whole or not at all. */
function writeResult({ attemptDirectory }: StageSpec, result: StageResult): void {
  const file = attemptFiles(attemptDirectory).result;
  writeFileSync(`${file}.draft`, JSON.stringify(result));
  renameSync(`${file}.draft`, file);
}
