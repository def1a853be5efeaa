import type { ActionRecord } from '../../cache/records/action-record.ts';
import type { JsonObject } from '../../contract/json.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Cause, Explanation } from '../events/explanation.ts';
import { moment } from '../events/explanation-lines.ts';
import { listRuns, readRun } from '../events/run-store.ts';
import { endingsOf, type StoredRun } from '../events/stored-run.ts';
import type { Action, ActionInput, Decider } from '../plan/decide.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlannedStage } from '../plan/planned-stage.ts';
import type { Workspace } from '../workspace.ts';
import { Explainer } from './explain.ts';
import { pastScene, plannedScene } from './scene.ts';

/** In runs before these nobody looks for how a stage ended. */
const RUNS_BACK = 50;

/** How the result of a stage came to be. */
export interface Making {
  readonly run?: string;
  /** The stage that it was then, if that was another one. */
  readonly stage?: string;
  readonly started?: string;
  readonly finished?: string;
  readonly host?: string;
  readonly engine?: string;
  readonly settings: JsonObject;
  readonly inputs: readonly MadeFrom[];
}

interface MadeFrom {
  readonly input: string;
  readonly digest: string;
  /** `tokenize.records`, or the path of a file. */
  readonly from: string;
}

/** What a record tells of how it was made, if it is not from elsewhere. */
interface Provenance extends Pick<Making, 'run' | 'started' | 'finished' | 'host'> {
  readonly engine?: { readonly name?: string };
}

/** Why a stage will run, or why it ran; `made` where it is up to date. */
export interface Why {
  readonly planned: PlannedStage;
  readonly made?: Making;
  readonly explanations: readonly Explanation[];
}

/** Explains planned stages: those that are stale by what has changed since, hits by the run that made their results. */
export async function whyOf(
  stages: readonly string[],
  plan: Plan,
  { pipeline, decider, workspace }: { pipeline: Pipeline; decider: Decider; workspace: Workspace },
): Promise<readonly Why[]> {
  const explainer = new Explainer(pipeline, workspace);
  const scene = plannedScene(plan, decider);
  const wanted = plan.stages.filter(({ stage }) => stages.includes(stage.id));
  const why: Why[] = [];
  for (const planned of wanted) {
    const { stage, state, action, record } = planned;
    if (state === 'hit' && action && record) {
      const then = await runOf(record, workspace);
      const explanations = then
        ? await explainer.explain(pastScene(pipeline, then.run, workspace), then.stage)
        : [];
      const made = makingOf(record, action, then?.stage === stage.id ? undefined : then?.stage);
      why.push({ planned, made, explanations: withRetry(explanations, then) });
    } else {
      const explanations = await explainer.explain(scene, stage.id);
      const failure = await lastFailure(stage.id, pipeline.name, workspace);
      why.push({ planned, explanations: withFirst(explanations, failure) });
    }
  }
  return why;
}

interface Then {
  readonly run: StoredRun;
  /** What the stage was called that was run. */
  readonly stage: string;
}

/** The run in which a result was made; undefined where its folder is gone. */
async function runOf(
  { key, provenance }: ActionRecord,
  { runsDirectory }: Workspace,
): Promise<Then | undefined> {
  const run = typeof provenance.run === 'string' ? await readRun(runsDirectory, provenance.run) : undefined;
  if (run === undefined) return undefined;
  const made = [...endingsOf(run)].find(([, { action, outcome }]) => action === key && outcome === 'ran');
  return made && { run, stage: made[0] };
}

function makingOf({ manifest, provenance }: ActionRecord, action: Action, stage: string | undefined): Making {
  const { run, started, finished, host, engine } = provenance as Provenance;
  const collected = Object.entries(action.collections).flatMap(([input, members]) =>
    Object.values(members).map((member) => madeFrom(input, member)),
  );
  return {
    ...(run !== undefined && { run }),
    ...(stage !== undefined && { stage }),
    ...(started !== undefined && { started }),
    ...(finished !== undefined && { finished }),
    ...(host !== undefined && { host }),
    ...(engine?.name !== undefined && { engine: engine.name }),
    settings: manifest.settings,
    inputs: [...Object.entries(action.inputs).map(([input, one]) => madeFrom(input, one)), ...collected],
  };
}

function madeFrom(input: string, { artifact, from }: ActionInput): MadeFrom {
  const name = 'path' in from ? from.path : `${from.stage}.${from.output}`;
  return { input, digest: artifact.digest, from: name };
}

/** That attempts failed before the one that succeeded. */
function withRetry(explanations: readonly Explanation[], then: Then | undefined): readonly Explanation[] {
  const retry = then?.run.events.findLast(
    (event) => event.type === 'stage-retrying' && event.stage === then.stage,
  );
  if (retry?.type !== 'stage-retrying') return explanations;
  const { attempt, of, error } = retry;
  const message = `attempt ${attempt} of ${of} succeeded; attempt ${attempt - 1} failed: ${error}`;
  return withFirst(explanations, { kind: 'retry', message });
}

function withFirst(
  [first, ...others]: readonly Explanation[],
  cause: Cause | undefined,
): readonly Explanation[] {
  if (first === undefined) return [];
  return [cause === undefined ? first : { ...first, causes: [cause, ...first.causes] }, ...others];
}

/** That the stage failed when it was last brought to an end. */
async function lastFailure(
  stage: string,
  pipeline: string,
  { runsDirectory }: Workspace,
): Promise<Cause | undefined> {
  for (const id of (await listRuns(runsDirectory)).slice(0, RUNS_BACK)) {
    const run = await readRun(runsDirectory, id);
    const end = run?.about.pipeline === pipeline ? endingsOf(run).get(stage) : undefined;
    if (end === undefined || end.outcome === 'skipped' || end.outcome === 'cancelled') continue;
    if (end.outcome !== 'failed') return undefined;
    const message = `it failed in run ${id}, ${moment(end.time)}: ${end.error?.message ?? end.reason.message}`;
    return { kind: 'failed', message };
  }
  return undefined;
}
