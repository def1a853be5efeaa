import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import type { ActionRecord } from '../../cache/records/action-record.ts';
import { rememberKey } from '../../cache/records/latest.ts';
import { StageError } from '../../contract/stage-context.ts';
import { CacheError } from '../../files/system-problem.ts';
import type { Pipeline, Stage } from '../../pipeline/pipeline.ts';
import type { AttemptError } from '../attempt/attempt.ts';
import { warningsOf } from '../attempt/result-warnings.ts';
import type { StageOrder, StageRunContext } from '../attempt/stage-order.ts';
import { type StageEnd, StageRun } from '../attempt/stage-run.ts';
import type { Outcome, Reason } from '../events/run-event.ts';
import type { Action } from '../plan/decide.ts';
import type { LostOutput } from '../plan/lost-outputs.ts';
import type { Plan } from '../plan/plan.ts';
import type { Step, Work } from './drive.ts';
import { lostAgain, MustRun } from './must-run.ts';
import type { Schedule } from './schedule.ts';
import { type Finish, StageEndings } from './stage-endings.ts';

/** The work behind a schedule: decides about stages, runs them, knows their records and tells how each ended. */
export class StageWork implements Work {
  readonly #endings: StageEndings;
  readonly #pipeline: Pipeline;
  readonly #plan: Plan;
  readonly #schedule: Schedule;
  readonly #context: Omit<StageRunContext, 'recordOf'>;
  readonly #stageRun: StageRun;
  readonly #stages: ReadonlyMap<string, Stage>;
  readonly #mustRun: MustRun;
  readonly #records = new Map<string, ActionRecord>();
  readonly #actions = new Map<string, Action>();
  readonly #reasons = new Map<string, Reason>();
  /** Action key -> the first stage that turned out to be that action; others wait for it. */
  readonly #owners = new Map<string, string>();

  constructor(
    pipeline: Pipeline,
    plan: Plan,
    schedule: Schedule,
    context: Omit<StageRunContext, 'recordOf'>,
  ) {
    this.#pipeline = pipeline;
    this.#plan = plan;
    this.#schedule = schedule;
    this.#context = context;
    this.#endings = new StageEndings(context.emit);
    this.#stageRun = new StageRun({ ...context, recordOf: this.#recordOf });
    this.#stages = new Map(plan.stages.map(({ stage }) => [stage.id, stage]));
    this.#mustRun = new MustRun(plan.mustRun);
  }

  /** How each stage ended so far. */
  get outcomes(): ReadonlyMap<string, Outcome> {
    return this.#endings.outcomes;
  }

  /** What the files held that stages read which are up to date now, by absolute path. */
  get fileInputs(): ReadonlyMap<string, StoredArtifact> {
    const done = [...this.#records.keys()].flatMap((id) => Object.values(this.#actions.get(id)!.inputs));
    return new Map(
      done.flatMap(({ artifact, from }) =>
        'path' in from && from.exclude === undefined ? [[from.path, artifact] as const] : [],
      ),
    );
  }

  /** Settles the stages that the plan found to be hits, so that nothing of them is decided twice. */
  async takeHits(): Promise<void> {
    for (const { stage, state, action, record, reason } of this.#plan.stages) {
      if (state !== 'hit' || !action || !record) continue;
      this.#actions.set(stage.id, action);
      this.#owners.set(action.key, stage.id);
      this.#schedule.set(stage.id, 'checking');
      this.#schedule.set(stage.id, (await this.#done(stage.id, 'hit', record, { reason })).to);
    }
  }

  async check(id: string): Promise<Step> {
    return await this.#mendable(id, async () => {
      const stage = this.#stage(id);
      const action = await this.#context.decider.action(stage, this.#recordOfDone);
      this.#actions.set(id, action);
      const owner = this.#ownerOf(action, id);
      if (owner !== id) return await this.#follow(id, owner);
      const must = this.#mustRun.reasonOf(id);
      const decision = must
        ? { hit: false as const, reason: must }
        : await this.#context.decider.decide(stage, action);
      if (decision.hit) return await this.#done(id, 'hit', decision.record, { reason: decision.reason });
      // The plan found nothing of the kind, but a record or an output may have been lost since.
      if (this.#plan.runnable?.has(id) === false) {
        const message = `it is not up to date any more, and --frozen keeps it from running: ${decision.reason.message}`;
        return this.#failed(id, { message }, {});
      }
      this.#reasons.set(id, decision.reason);
      return { to: 'queued' };
    });
  }

  async run(id: string): Promise<Step> {
    this.#endings.begin(id);
    const reason = this.#reasons.get(id)!;
    const began = performance.now();
    return await this.#mendable(id, async () => {
      const action = this.#actions.get(id)!;
      await this.#explain(id, reason);
      const end = await this.#runWithGpus(id, {
        action,
        reason,
        redo: this.#mustRun.has(id) || reason.code === 'invalidated',
      });
      const log = end.log === undefined ? {} : { log: end.log };
      switch (end.status) {
        case 'ran':
          this.#mustRun.fulfil(id);
          return await this.#done(id, 'ran', end.record, { reason, ...log });
        case 'found-elsewhere':
          this.#mustRun.fulfil(id);
          return await this.#done(id, 'hit', end.record, { reason: finishedElsewhere(end.record) });
        case 'failed':
          return this.#failed(id, end.error, log);
        case 'left':
          this.#context.emit({ type: 'stage-log', stage: id, level: 'warning', ...end.error });
          this.#endings.cancelled(id, log);
          return { to: 'cancelled' };
        case 'cancelled':
          this.#endings.cancelled(id, log);
          return { to: 'cancelled' };
        case 'lost':
          return this.#rebuild(id, end.lost, began);
      }
    });
  }

  async #runWithGpus(id: string, order: Omit<StageOrder, 'stage' | 'gpus'>): Promise<StageEnd> {
    const stage = this.#stage(id);
    const { executor, resources } = stage.execution;
    const gpus = this.#context.gpus.take(executor === undefined ? resources.gpu : 0);
    try {
      return await this.#stageRun.run({ stage, gpus, ...order });
    } finally {
      this.#context.gpus.giveBack(gpus);
    }
  }

  async #explain(stage: string, reason: Reason): Promise<void> {
    const because = await this.#context.explain?.({ stage, reason });
    if (because !== undefined) this.#context.emit({ type: 'stage-explained', stage, because: [...because] });
  }

  skipped(id: string, because: string): void {
    this.#endings.skipped(id, because);
  }

  cancelled(id: string): void {
    this.#endings.cancelled(id);
  }

  #stage(id: string): Stage {
    return this.#stages.get(id)!;
  }

  readonly #recordOf = (id: string): ActionRecord => {
    const record = this.#records.get(id);
    if (!record) throw new Error(`Internal error: stage "${id}" is not done`);
    return record;
  };

  readonly #recordOfDone = (id: string): ActionRecord | undefined =>
    this.#schedule.state(id) === 'done' ? this.#records.get(id) : undefined;

  /** The stage that does an action; this one unless another was first. */
  #ownerOf({ key }: Action, id: string): string {
    const owner = this.#owners.get(key);
    // An owner that was decided again may have become another action; one that is only a hit has not done it anew.
    const redo =
      owner !== undefined &&
      this.#mustRun.has(id) &&
      !this.#mustRun.has(owner) &&
      this.#endings.outcomes.get(owner) === 'hit';
    if (owner !== undefined && this.#actions.get(owner)?.key === key && !redo) return owner;
    this.#owners.set(key, id);
    return id;
  }

  async #follow(id: string, owner: string): Promise<Step> {
    const record = this.#schedule.state(owner) === 'done' ? this.#records.get(owner) : undefined;
    if (!record) return { to: 'waiting', need: owner };
    return await this.#done(id, 'hit', record, {
      reason: { code: 'cached', message: `the same action as ${owner}` },
    });
  }

  /** Outputs that a stage, which began to run at `began`, could not read: the stages that gave them run again, once. */
  #rebuild(id: string, lost: readonly LostOutput[], began: number): Step {
    const again: string[] = [];
    for (const output of lost) {
      // Missed by another stage as well, and being made again or made again meanwhile.
      if (this.#schedule.state(output.stage) !== 'done') continue;
      const reason = this.#mustRun.rebuild(output, id, began);
      if (reason === 'since') continue;
      if (reason === 'again') return this.#failed(id, lostAgain(output), {});
      again.push(output.stage);
      this.#context.emit({ type: 'stage-planned', stage: output.stage, state: 'run', reason });
    }
    return { to: 'waiting', rebuild: again };
  }

  async #done(id: string, outcome: 'hit' | 'ran', record: ActionRecord, finish: Finish): Promise<Step> {
    this.#records.set(id, record);
    this.#mustRun.noteDone(id);
    const name = { pipeline: this.#pipeline.name, stage: id };
    // Serves only later explanations; a result that is recorded does not fail for it.
    await rememberKey(this.#context.workspace.cacheDirectory, name, record.key).catch(() => {});
    if (outcome === 'hit') {
      for (const warning of warningsOf(record))
        this.#context.emit({ type: 'stage-log', stage: id, level: 'warning', ...warning });
    }
    this.#endings.finish(id, outcome, { ...finish, record });
    return { to: 'done' };
  }

  #failed(id: string, error: AttemptError, finish: Pick<Finish, 'log'>): Step {
    this.#endings.failed(id, error, finish);
    return { to: 'failed' };
  }

  /** What a user can fix fails the stage. Anything else is a bug: what runs is stopped, and the error goes up. */
  async #mendable(id: string, step: () => Promise<Step>): Promise<Step> {
    try {
      return await step();
    } catch (error) {
      const { message, hint } = Object(error) as { message?: string; hint?: string };
      if (error instanceof StageError || error instanceof CacheError) {
        return this.#failed(id, { message: error.message, ...(hint !== undefined && { hint }) }, {});
      }
      this.#context.control.interrupt();
      this.#failed(id, { message: `an internal error of pipe: ${message ?? error}` }, {});
      throw error;
    }
  }
}

function finishedElsewhere({ provenance }: ActionRecord): Reason {
  const run = typeof provenance.run === 'string' ? ` by run ${provenance.run}` : '';
  return { code: 'finished-elsewhere', message: `finished meanwhile${run}` };
}
