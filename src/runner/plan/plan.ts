import type { OnCacheProblem } from '../../cache/cache-problem.ts';
import { StageError } from '../../contract/stage-context.ts';
import type { Pipeline, Stage } from '../../pipeline/pipeline.ts';
import type { Reason } from '../events/run-event.ts';
import { type OpenRemote, openWorkspace, type Workspace } from '../workspace.ts';
import { type Action, type DecideOptions, Decider } from './decide.ts';
import { findLostOutputs, lostReason } from './lost-outputs.ts';
import type { PlannedStage } from './planned-stage.ts';
import { refusalsOf } from './refusals.ts';
import { needsOf, producersOf, type Selection, selectStages, stageIds, wantedStages } from './stage-graph.ts';
import type { StageProblem } from './stage-problem.ts';

export interface PlanOptions extends DecideOptions, Selection {
  readonly artifactsDirectory: string;
  /** Ids or names of stages that run whatever is cached. */
  readonly force?: readonly string[];
  readonly onProblem: OnCacheProblem;
  readonly openRemote?: OpenRemote | undefined;
}

export interface Plan {
  /** Every selected stage, producers first. */
  readonly stages: readonly PlannedStage[];
  /** Stages that run although they have a record (forced, always, outputs lost), and why. */
  readonly mustRun: ReadonlyMap<string, Reason>;
  /** The stages that may run; every one where absent. */
  readonly runnable?: ReadonlySet<string>;
  /** Why a frozen run ends before it starts; empty if it does not. */
  readonly refusals: readonly StageProblem[];
}

/**
 * What a run would do, and why, without running anything; file inputs are stored. Throws a StageError for unknown
 * stages in the options, a CacheError when the cache cannot be used. A stage whose file input cannot be stored will run,
 * and fail: its reason says why.
 */
export async function planPipeline(pipeline: Pipeline, options: PlanOptions): Promise<Plan> {
  const workspace = openWorkspace(options.artifactsDirectory, options.onProblem, options.openRemote);
  return await makePlan(pipeline, new Decider(pipeline, workspace, options), workspace, options);
}

/** `planPipeline` with what a run has open already. */
export async function makePlan(
  pipeline: Pipeline,
  decider: Decider,
  workspace: Workspace,
  { force = [], frozen, ...selection }: Pick<PlanOptions, 'force' | 'frozen' | keyof Selection>,
): Promise<Plan> {
  const stages = selectStages(pipeline, selection);
  const runnable = frozen && (wantedStages(pipeline, selection) ?? new Set<string>());
  const forced = stageIds(pipeline, force);
  const mustRun = new Map<string, Reason>(forced.map((id) => [id, { code: 'forced', message: 'forced' }]));
  for (const stage of stages) {
    if (forced.includes(stage.id)) decider.readAnew(stage);
    else if (stage.execution.always && runnable?.has(stage.id) !== false)
      mustRun.set(stage.id, { code: 'always', message: 'it always runs' });
  }
  // Rebuilding a lost output needs inputs, which may be lost as well: again until nothing more is missed.
  for (;;) {
    const planned = await planOnce(stages, decider, mustRun);
    const before = mustRun.size;
    await addLostOutputs(planned, mustRun, runnable, workspace);
    if (mustRun.size > before) continue;
    const plan = { stages: [...planned.values()], mustRun };
    if (!frozen || !runnable) return { ...plan, refusals: [] };
    return { ...plan, runnable, refusals: await refusalsOf(plan.stages, runnable, frozen, workspace) };
  }
}

/** Adds to `mustRun` the stages that made what stages that run read, and what is lost. */
async function addLostOutputs(
  planned: ReadonlyMap<string, PlannedStage>,
  mustRun: Map<string, Reason>,
  runnable: ReadonlySet<string> | undefined,
  workspace: Workspace,
): Promise<void> {
  const recordOf = (id: string) => planned.get(id)!.record!;
  for (const { stage, state, action } of planned.values()) {
    // What would be made again only for a stage that may not run is no reason of its own.
    if (state !== 'run' || !action || runnable?.has(stage.id) === false) continue;
    for (const lost of await findLostOutputs(action, workspace, recordOf)) {
      if (!mustRun.has(lost.stage)) mustRun.set(lost.stage, lostReason(lost, stage.id));
    }
  }
}

async function planOnce(
  stages: readonly Stage[],
  decider: Decider,
  mustRun: ReadonlyMap<string, Reason>,
): Promise<Map<string, PlannedStage>> {
  const planned = new Map<string, PlannedStage>();
  const runners = new Map<string, string>();
  for (const stage of stages) {
    const next = await planStage(stage, decider, planned, mustRun.get(stage.id), runners);
    planned.set(stage.id, next);
    if (next.state === 'run' && next.action) runners.set(next.action.key, stage.id);
  }
  return planned;
}

/**
 * `planned`: all that the stage needs is among them. `runners`: keys of the actions that will run, and the first stage
 * that each belongs to.
 */
async function planStage(
  stage: Stage,
  decider: Decider,
  planned: ReadonlyMap<string, PlannedStage>,
  must: Reason | undefined,
  runners: ReadonlyMap<string, string>,
): Promise<PlannedStage> {
  const stale = producersOf(stage).filter((id) => planned.get(id)!.state !== 'hit');
  const isUnknown = (id: string) => planned.get(id)!.record === undefined;
  if (stale.some(isUnknown) && lacksInputs(stage, isUnknown)) {
    return must ? { stage, state: 'run', reason: must } : { stage, state: 'may-run', reason: after(stale) };
  }
  // A producer that is done again most likely gives what its record says, so that is reckoned with.
  const action = await unlessUnreadable(decider.action(stage, (id) => planned.get(id)!.record));
  if (action instanceof StageError)
    return { stage, state: 'run', reason: { code: 'failed', message: action.message } };
  const decision = await decider.decide(stage, action);
  const known = { stage, action, ...(decision.record && { record: decision.record }) };
  const twin = runners.get(action.key);
  if (twin !== undefined) return { ...known, state: 'may-run', reason: sameAction(twin) };
  if (must) return { ...known, state: 'run', reason: must };
  // It does without what failed before, and that is tried again.
  if (stale.some(isUnknown)) return { ...known, state: 'may-run', reason: after(stale) };
  if (!decision.hit) return { ...known, state: 'run', reason: decision.reason };
  return stale.length > 0
    ? { ...known, state: 'may-run', reason: after(stale) }
    : { ...known, state: 'hit', reason: decision.reason };
}

/** Whether what a stage cannot do without is unknown; of what it collects optionally that is all of it. */
function lacksInputs(stage: Stage, isUnknown: (id: string) => boolean): boolean {
  const { needs, collects } = needsOf(stage);
  return needs.some(isUnknown) || collects.some((group) => group.every(isUnknown));
}

/** A file input that cannot be stored is the trouble of the stages that read it: they fail when their turn comes. */
async function unlessUnreadable(action: Promise<Action>): Promise<Action | StageError> {
  return await action.catch((error: unknown) => {
    if (error instanceof StageError) return error;
    throw error;
  });
}

function after(stages: readonly string[]): Reason {
  return { code: 'upstream', message: `after ${stages.join(', ')}`, after: stages };
}

function sameAction(twin: string): Reason {
  return { code: 'upstream', message: `the same action as ${twin}`, after: [twin] };
}
