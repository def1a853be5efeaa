import { removeLeftovers } from '../cache/leftovers.ts';
import type { EngineChoice, EngineName } from '../contract/engine-name.ts';
import type { Pipeline, Resources } from '../pipeline/pipeline.ts';
import { endDeadAttempts } from './attempt/attempt-directory.ts';
import type { StageRunContext } from './attempt/stage-order.ts';
import type { Outcome, RunEvent } from './events/run-event.ts';
import { type Emit, notStored } from './events/run-event-of.ts';
import type { RunStore } from './events/run-store.ts';
import { Executors } from './executor/executors.ts';
import { Decider } from './plan/decide.ts';
import { expectedWork } from './plan/expected-work.ts';
import { makePlan, type Plan } from './plan/plan.ts';
import { preflight } from './plan/preflight.ts';
import { recordInputs } from './plan/recorded-inputs.ts';
import type { RunOptions, RunOutcome } from './run-options.ts';
import { drive } from './schedule/drive.ts';
import { GpuNumbers } from './schedule/gpu-numbers.ts';
import { runCapacity } from './schedule/machine-capacity.ts';
import { RunEstimate } from './schedule/run-estimate.ts';
import { Schedule } from './schedule/schedule.ts';
import { StageWork } from './schedule/settle-stages.ts';
import { taskOf } from './schedule/task-of.ts';
import { longestPathFirst, type TimedTask } from './schedule/time-left.ts';
import { tidyDaily } from './tidy-daily.ts';
import type { Workspace } from './workspace.ts';

const UPLOADING_EVERY_MS = 1000;

/** A run between its first and its last event: plans, checks what the stages will need, and drives the schedule. */
export class PipelineRun {
  readonly #pipeline: Pipeline;
  readonly #options: RunOptions;
  readonly #workspace: Workspace;
  readonly #store: RunStore;
  readonly #emit: Emit;
  readonly #capacity: Resources;
  readonly #gpus: GpuNumbers;
  readonly #executors: Executors;
  /** The events so far, where stages are explained. */
  readonly #events: readonly RunEvent[] | undefined;
  #engine: Promise<EngineChoice> | undefined;

  constructor(
    pipeline: Pipeline,
    options: RunOptions,
    workspace: Workspace,
    store: RunStore,
    emit: Emit,
    events?: readonly RunEvent[],
  ) {
    this.#events = events;
    this.#pipeline = pipeline;
    this.#options = options;
    this.#workspace = workspace;
    this.#store = store;
    this.#emit = emit;
    const { resources, gpus } = runCapacity(pipeline, options.environment, options.capacity);
    this.#capacity = resources;
    this.#gpus = new GpuNumbers(gpus);
    this.#executors = new Executors(options.executor, options.openExecutor, workspace);
    const { remote } = workspace;
    if (remote !== undefined)
      options.control.cancelled.addEventListener('abort', () => remote.endFetches(), { once: true });
  }

  /** Adds to `counts` how each stage ended, also when this throws. */
  async run(counts: Record<Outcome, number>): Promise<RunOutcome> {
    const decider = new Decider(this.#pipeline, this.#workspace, this.#options);
    const plan = await makePlan(this.#pipeline, decider, this.#workspace, this.#options);
    for (const { stage, state, reason } of plan.stages) {
      this.#emit({ type: 'stage-planned', stage: stage.id, state, reason });
    }
    this.#tellRecordedInputs(plan);
    if (plan.refusals.length > 0) {
      this.#emit({ type: 'preflight-failed', problems: [...plan.refusals] });
      return 'preflight-failed';
    }
    const isStale = plan.stages.some(({ state }) => state !== 'hit');
    // Hits need nothing written; whatever runs could not store its result either.
    if (this.#store.problem !== undefined) {
      if (isStale) throw this.#store.problem;
      this.#emit(notStored(this.#store.problem));
    }
    const treeChecked = isStale ? this.#checkTree() : undefined;
    try {
      return await this.#drive(plan, decider, isStale, counts);
    } finally {
      await this.#executors.close();
      await treeChecked;
      await this.#finishUploads();
    }
  }

  /** The work is done; whoever does not want to wait for the upload cancels, and `pipe push` makes up for it. */
  async #finishUploads(): Promise<void> {
    const { remote } = this.#workspace;
    if (remote === undefined || remote.waiting === 0) return;
    const tell = () => {
      const { done, total } = remote.transferred.sent;
      this.#emit({ type: 'uploading', results: remote.waiting, sent_bytes: done, total_bytes: total });
    };
    tell();
    const telling = setInterval(tell, UPLOADING_EVERY_MS);
    try {
      await remote.finish(this.#options.control.cancelled);
    } finally {
      clearInterval(telling);
    }
  }

  #tellRecordedInputs({ stages }: Plan): void {
    for (const { stage, action } of stages)
      for (const [input, { artifact, from }] of Object.entries(action?.inputs ?? {})) {
        if (!('recorded' in from)) continue;
        const { path } = from;
        this.#emit({ type: 'input-recorded', stage: stage.id, input, path, digest: artifact.digest });
      }
  }

  async #drive(
    plan: Plan,
    decider: Decider,
    isStale: boolean,
    counts: Record<Outcome, number>,
  ): Promise<RunOutcome> {
    if (isStale) {
      await removeLeftovers(this.#workspace);
      await endDeadAttempts(this.#workspace.workDirectory, this.#executors);
      const gone = await tidyDaily(this.#workspace, this.#options.artifactsDirectory);
      if (gone.runs + gone.work > 0) this.#emit({ type: 'tidied', ...gone });
    }
    if (await this.#preflightFails(plan)) return 'preflight-failed';
    const tasks = await this.#tasks(plan, isStale);
    const limits = { jobs: this.#options.jobs, capacity: this.#capacity };
    const schedule = new Schedule(tasks, limits);
    const estimate = new RunEstimate(tasks, limits);
    const emit: Emit = (event) => {
      this.#emit(event);
      const estimated = estimate.after(event);
      if (estimated) this.#emit(estimated);
    };
    const { control, environment, keepFailed = false } = this.#options;
    const work = new StageWork(this.#pipeline, plan, schedule, {
      workspace: this.#workspace,
      decider,
      executors: this.#executors,
      control,
      environment,
      keepFailed,
      store: this.#store,
      chooseEngine: this.#chooseEngine,
      engineWanted: this.#engineWanted,
      emit,
      gpus: this.#gpus,
      ...(await this.#explanations()),
    });
    try {
      await work.takeHits();
      if (isStale) this.#emit(estimate.now());
      await drive(schedule, work, control.cancelled);
    } finally {
      await recordInputs(this.#pipeline, work.fileInputs, this.#workspace);
      for (const outcome of work.outcomes.values()) counts[outcome]++;
    }
    if (counts.failed > 0) return 'failed';
    return counts.cancelled > 0 ? 'cancelled' : 'succeeded';
  }

  async #explanations(): Promise<Pick<StageRunContext, 'explain'>> {
    if (this.#events === undefined) return {};
    const { explainInRun } = await import('./why/explain-in-run.ts');
    const run = { about: this.#store.about, events: this.#events };
    return { explain: explainInRun(this.#pipeline, run, this.#workspace) };
  }

  /** Beside the work, which need not wait for it. */
  async #checkTree(): Promise<void> {
    if (this.#store.about.commit === undefined) return;
    const { isTreeClean } = await import('./events/git-tree.ts');
    const clean = await isTreeClean(this.#pipeline.file, this.#options.control.cancelled);
    if (clean !== undefined) this.#emit({ type: 'tree-checked', clean });
  }

  async #preflightFails(plan: Plan): Promise<boolean> {
    if (!this.#options.preflight || plan.stages.every(({ state }) => state === 'hit')) return false;
    const { environment, artifactsDirectory, control } = this.#options;
    const problems = await preflight(plan, {
      environment,
      artifactsDirectory,
      capacity: this.#capacity,
      chooseEngine: this.#chooseEngine,
      executors: this.#executors,
      signal: control.cancelled,
    });
    if (problems.length === 0 || control.cancelled.aborted) return false;
    this.#emit({ type: 'preflight-failed', problems });
    return true;
  }

  /** The stages in the order in which they get room. */
  async #tasks(plan: Plan, isStale: boolean): Promise<readonly TimedTask[]> {
    const expected = isStale ? await expectedWork(plan, this.#pipeline.name, this.#workspace) : undefined;
    const tasks = plan.stages.map((planned) => taskOf(planned, expected?.get(planned.stage.id)));
    return longestPathFirst(tasks);
  }

  get #engineWanted(): EngineName | 'auto' {
    return this.#options.engine ?? this.#pipeline.engine;
  }

  /** Once a run, when it is first needed. */
  readonly #chooseEngine = (): Promise<EngineChoice> => {
    this.#engine ??= this.#executors.here.chooseEngine(this.#engineWanted).then((choice) => {
      this.#emit({ type: 'engine-chosen', ...choice });
      return choice;
    });
    return this.#engine;
  };
}
