import { hostname } from 'node:os';
import { removeLeftovers } from '../cache/leftovers.ts';
import { commandText } from '../contract/command-text.ts';
import type { EngineChoice, EngineName } from '../contract/engine-name.ts';
import type { CacheError } from '../files/system-problem.ts';
import type { Pipeline, Resources } from '../pipeline/pipeline.ts';
import { endDeadAttempts } from './attempt/attempt-directory.ts';
import type { Outcome, RunEvent } from './events/run-event.ts';
import { cacheProblemEvent, type Emit, type NewRunEvent } from './events/run-event-of.ts';
import { RunStore } from './events/run-store.ts';
import type { Executor } from './executor/executor.ts';
import { type DecideOptions, Decider } from './plan/decide.ts';
import { makePlan, type Plan } from './plan/plan.ts';
import { preflight } from './plan/preflight.ts';
import { producersOf, selectStages, stageIds } from './plan/stage-graph.ts';
import { drive } from './schedule/drive.ts';
import { machineCapacity } from './schedule/machine-capacity.ts';
import type { RunControl } from './schedule/run-control.ts';
import { Schedule } from './schedule/schedule.ts';
import { StageWork } from './schedule/settle-stages.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export interface RunOptions extends DecideOptions {
  readonly artifactsDirectory: string;
  /** At most this many stages at once. */
  readonly jobs: number;
  /** False: nothing is checked before the first stage starts. */
  readonly preflight: boolean;
  /** Ids or names of stages that run whatever is cached. */
  readonly force?: readonly string[];
  /** Ids or names of stages that are wanted, with all that they need; the whole pipeline when absent. */
  readonly only?: readonly string[];
  readonly executor: Executor;
  /** Called at most once, and only where a stage that computes with tensors runs or may run. */
  readonly chooseEngine: (requested: EngineName | 'auto') => Promise<EngineChoice>;
  /** Told of everything, in order. */
  readonly emit: (event: RunEvent) => void;
  readonly control: RunControl;
  /** The command line, without the program: stored, and told as what continues the run. */
  readonly argv: readonly string[];
  /** Versions that are recorded (`pipe`, `node`). */
  readonly versions: Readonly<Record<string, string>>;
  /** What the machine has; found out when absent. */
  readonly capacity?: Resources;
}

export interface RunSummary {
  readonly run: string;
  /** Where `run.json`, `events.ndjson` and `logs/` lie. */
  readonly directory: string;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled' | 'preflight-failed';
  readonly counts: Readonly<Record<Outcome, number>>;
}

/**
 * Plans a pipeline and runs what is stale. A stage that fails is an event and stops only what depends on it. Throws
 * a StageError for unknown stages in the options, a CacheError when nothing can be stored.
 */
export async function runPipeline(pipeline: Pipeline, options: RunOptions): Promise<RunSummary> {
  const selected = selectStages(pipeline, options.only);
  stageIds(pipeline, options.force ?? []); // what the arguments name wrongly is told before anything is written
  const began = process.uptime();
  // The run's folder comes first, so that problems found while planning are stored with it.
  const runs = openWorkspace(options.artifactsDirectory, () => {}).runsDirectory;
  const store = await RunStore.create(runs, {
    pipeline: pipeline.name,
    file: pipeline.file,
    params: pipeline.params,
    argv: options.argv,
    host: hostname(),
    versions: options.versions,
  });
  const emit: Emit = (event) => {
    const timed: RunEvent = { time: new Date().toISOString(), ...event };
    options.emit(timed);
    const before = store.problem;
    store.append(timed);
    if (store.problem !== before) options.emit({ ...notStored(store.problem!), time: timed.time });
  };
  let outcome: RunSummary['outcome'] = 'failed';
  const counts: Record<Outcome, number> = { hit: 0, ran: 0, failed: 0, skipped: 0, cancelled: 0 };
  try {
    emit({
      type: 'run-started',
      run: store.about.run,
      pipeline: pipeline.name,
      file: pipeline.file,
      jobs: options.jobs,
      stages: selected.map((stage) => ({
        stage: stage.id,
        uses: stage.type.uses,
        needs: producersOf(stage),
      })),
    });
    const workspace = openWorkspace(options.artifactsDirectory, (problem) =>
      emit(cacheProblemEvent(problem)),
    );
    outcome = await new PipelineRun(pipeline, options, workspace, store, emit).run(counts);
    return { run: store.about.run, directory: store.directory, outcome, counts };
  } finally {
    await options.executor.close();
    emit({
      type: 'run-finished',
      outcome: outcome === 'preflight-failed' ? 'failed' : outcome,
      duration_ms: Math.round((process.uptime() - began) * 1000),
      counts,
      ...(outcome !== 'succeeded' && { next: commandText(options.argv) }),
    });
    store.close();
  }
}

function notStored({ message }: CacheError): NewRunEvent {
  return cacheProblemEvent({ code: 'run-not-stored', message });
}

class PipelineRun {
  readonly #pipeline: Pipeline;
  readonly #options: RunOptions;
  readonly #workspace: Workspace;
  readonly #store: RunStore;
  readonly #emit: Emit;
  readonly #capacity: Resources;
  #engine: Promise<EngineChoice> | undefined;

  constructor(pipeline: Pipeline, options: RunOptions, workspace: Workspace, store: RunStore, emit: Emit) {
    this.#pipeline = pipeline;
    this.#options = options;
    this.#workspace = workspace;
    this.#store = store;
    this.#emit = emit;
    this.#capacity = options.capacity ?? machineCapacity();
  }

  async run(counts: Record<Outcome, number>): Promise<RunSummary['outcome']> {
    const decider = new Decider(this.#pipeline.name, this.#workspace, this.#options);
    const plan = await makePlan(this.#pipeline, decider, this.#workspace, this.#options);
    for (const { stage, state, reason } of plan.stages) {
      this.#emit({ type: 'stage-planned', stage: stage.id, state, reason });
    }
    const isStale = plan.stages.some(({ state }) => state !== 'hit');
    // Hits need nothing written; whatever runs could not store its result either.
    if (this.#store.problem !== undefined) {
      if (isStale) throw this.#store.problem;
      this.#emit(notStored(this.#store.problem));
    }
    if (isStale) {
      await removeLeftovers(this.#workspace);
      await endDeadAttempts(this.#workspace.workDirectory, this.#options.executor);
    }
    if (await this.#preflightFails(plan)) return 'preflight-failed';
    const schedule = this.#schedule(plan);
    const { executor, control, environment } = this.#options;
    const work = new StageWork(this.#pipeline, plan, schedule, {
      workspace: this.#workspace,
      decider,
      executor,
      control,
      environment,
      store: this.#store,
      chooseEngine: this.#chooseEngine,
      emit: this.#emit,
    });
    try {
      await work.takeHits();
      await drive(schedule, work, control.cancelled);
    } finally {
      for (const outcome of work.outcomes.values()) counts[outcome]++;
    }
    if (counts.failed > 0) return 'failed';
    return counts.cancelled > 0 ? 'cancelled' : 'succeeded';
  }

  async #preflightFails(plan: Plan): Promise<boolean> {
    if (!this.#options.preflight || plan.stages.every(({ state }) => state === 'hit')) return false;
    const { environment, artifactsDirectory, control } = this.#options;
    const problems = await preflight(plan, {
      environment,
      artifactsDirectory,
      capacity: this.#capacity,
      chooseEngine: this.#chooseEngine,
      signal: control.cancelled,
    });
    if (problems.length === 0 || control.cancelled.aborted) return false;
    this.#emit({ type: 'preflight-failed', problems });
    return true;
  }

  #schedule({ stages }: Plan): Schedule {
    const tasks = stages.map(({ stage }) => ({
      id: stage.id,
      needs: producersOf(stage),
      resources: stage.execution.resources,
      class: stage.type.uses,
      atMost: stage.type.atMost ?? Number.POSITIVE_INFINITY,
    }));
    return new Schedule(tasks, { jobs: this.#options.jobs, capacity: this.#capacity });
  }

  /** Once a run, when it is first needed. */
  readonly #chooseEngine = (): Promise<EngineChoice> => {
    this.#engine ??= this.#options.chooseEngine(this.#pipeline.engine).then((choice) => {
      this.#emit({ type: 'engine-chosen', ...choice });
      return choice;
    });
    return this.#engine;
  };
}
