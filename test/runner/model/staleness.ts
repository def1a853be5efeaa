import type { Artifact } from './artifact.ts';
import { type Identity, type Task, taskOf } from './compute.ts';
import { type Instance, select } from './expand.ts';
import { type Expected, runNaively } from './naive-runner.ts';
import type { OutputName } from './sketch.ts';

export interface Selection {
  readonly only: readonly string[] | undefined;
  readonly force: readonly string[];
}

/** What must come of a run that nobody interrupts. */
export interface Forecast {
  /** Every selected stage. */
  readonly stages: ReadonlyMap<string, Expected>;
  /** Actions that have no record, or are forced: each is done, once. */
  readonly must: ReadonlySet<Identity>;
  /** Those, and what may have to be done again because an output of it is lost. */
  readonly may: ReadonlySet<Identity>;
  /** Of these, those that have a record, or may get one meanwhile, and are done nevertheless. */
  readonly again: ReadonlySet<Identity>;
  /** How many attempts each action takes, if it is executed. */
  readonly attempts: ReadonlyMap<Identity, number>;
}

/** Which actions have a record, and how often each was tried: all that a model of the cache needs to know. */
export class Recorded {
  readonly #records = new Set<Identity>();
  readonly #attempts = new Map<Identity, number>();

  /** Notes one attempt and whether it was done. */
  attempted(identity: Identity, isDone: boolean): void {
    this.#attempts.set(identity, (this.#attempts.get(identity) ?? 0) + 1);
    if (isDone) this.#records.add(identity);
  }

  attempts(identity: Identity): number {
    return this.#attempts.get(identity) ?? 0;
  }

  has(identity: Identity): boolean {
    return this.#records.has(identity);
  }

  /** The record of an action is deleted, or damaged. */
  lose(identity: Identity): void {
    this.#records.delete(identity);
  }

  loseAll(): void {
    this.#records.clear();
  }

  /** `isStored`: whether the store holds the bytes of an artifact, undamaged. */
  forecast(
    instances: readonly Instance[],
    disk: ReadonlyMap<string, Artifact>,
    { only, force }: Selection,
    isStored: (artifact: Artifact) => boolean,
  ): Forecast {
    const stages = runNaively(
      select(instances, only),
      disk,
      (identity, task) => this.has(identity) || this.#failuresLeft(identity, task) <= task.work.retries,
    );
    const must = new Set<Identity>();
    const again = new Set<Identity>();
    const attempts = new Map<Identity, number>();
    for (const { instance, identity, succeeds } of stages.values()) {
      if (identity === undefined) continue;
      const task = taskOf(instance);
      attempts.set(identity, succeeds ? this.#failuresLeft(identity, task) + 1 : task.work.retries + 1);
      if (!this.has(identity) || force.includes(instance.id)) must.add(identity);
      if (force.includes(instance.id)) again.add(identity);
    }
    const may = withLostProducers(stages, must, isStored);
    for (const identity of may) if (this.has(identity)) again.add(identity);
    return { stages, must, may, again, attempts };
  }

  #failuresLeft(identity: Identity, { work }: Task): number {
    return Math.max(0, work.flaky - this.attempts(identity));
  }
}

/** Adds, until nothing more is missed, the actions whose outputs are lost although a stage that is done reads them. */
function withLostProducers(
  stages: ReadonlyMap<string, Expected>,
  must: ReadonlySet<Identity>,
  isStored: (artifact: Artifact) => boolean,
): Set<Identity> {
  const may = new Set(must);
  for (let before = -1; before !== may.size; ) {
    before = may.size;
    for (const { instance, identity } of stages.values()) {
      if (identity === undefined || !may.has(identity)) continue;
      for (const [producer, output] of outputsReadBy(instance)) {
        const { outputs, identity: lost, succeeds } = stages.get(producer)!;
        if (!succeeds) continue; // collected by a stage that does without it
        // A small file lies in its stage's record as well.
        if (output !== 'out' && !isStored(outputs[output]!)) may.add(lost!);
      }
    }
  }
  return may;
}

function outputsReadBy({ sources }: Instance): (readonly [stage: string, output: OutputName])[] {
  return sources.flatMap((source) => {
    if (source.kind === 'file') return [];
    const producers = source.kind === 'each' ? source.stages.map(([, stage]) => stage) : [source.stage];
    return producers.map((stage) => [stage, source.output] as const);
  });
}
