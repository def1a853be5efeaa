import { runLeft } from '../../reporters/run-left.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { endingsOf, endOf, type StoredRun, stagesOfRun } from '../../runner/events/stored-run.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import type { PlannedStageDocument } from '../json-shapes/plan.ts';
import type { Status } from '../json-shapes/status.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { plannedStages } from '../plan/plan-document.ts';
import { lockHolders, unfinishedActions } from './at-work.ts';
import { progressOf, stateOf } from './run-progress.ts';

/** Older runs are left to `artifacts/runs`. */
const SHOWN_RUNS = 5;

/** Gathers the status of an artifacts folder and, where `file` is given, of a pipeline. Starts nothing. */
export async function readStatus(file: string | undefined, options: PipelineOptions): Promise<Status> {
  const artifacts = artifactsDirectory(file, options);
  const { runsDirectory, locksDirectory } = openWorkspace(artifacts, tellCacheProblem);
  const stages = file === undefined ? undefined : await stagesOf(file, artifacts, options);
  const holders = await lockHolders(locksDirectory);
  const stored = await lastRuns(runsDirectory);
  const workOf = new Map(stored.flatMap(workOfRun));
  return {
    artifacts,
    runs: stored.map((run) => runStatus(run, holders)),
    running: [...holders].map(([action, holder]) => ({ action, holder, ...workOf.get(action) })),
    ...(stages === undefined ? {} : { stages }),
  };
}

type Work = Omit<Status['running'][number], 'action' | 'holder'>;

/** What a run has started and not ended, by its action. */
function workOfRun(stored: StoredRun): readonly (readonly [action: string, work: Work])[] {
  const unfinished = unfinishedActions(stored);
  if (unfinished.length === 0) return [];
  const { stages } = stateOf(stored);
  return unfinished.map(([action, stage]) => {
    const state = stages.get(stage);
    return [action, { stage, run: stored.about.run, ...(state && progressOf(state)) }];
  });
}

async function stagesOf(
  file: string,
  artifacts: string,
  options: PipelineOptions,
): Promise<readonly PlannedStageDocument[]> {
  const pipeline = await openPipeline(file, options);
  const plan = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: true,
    onProblem: tellCacheProblem,
  });
  return plannedStages(plan);
}

async function lastRuns(runsDirectory: string): Promise<readonly StoredRun[]> {
  const ids = (await listRuns(runsDirectory)).slice(0, SHOWN_RUNS);
  const tell = (message: string) => show(process.stderr, `status: ${message}`);
  const stored = await Promise.all(ids.map((id) => readRun(runsDirectory, id, tell)));
  return stored.filter((run) => run !== undefined);
}

function runStatus(stored: StoredRun, holders: ReadonlyMap<string, string>): Status['runs'][number] {
  const { run, pipeline, file, started } = stored.about;
  const about = { run, pipeline, file, started };
  const finished = endOf(stored);
  if (finished !== undefined) {
    const { outcome, duration_ms, counts } = finished;
    return { ...about, outcome, duration_ms, counts };
  }
  const isRunning = unfinishedActions(stored).some(([action]) => holders.has(action));
  const left = isRunning ? runLeft(stateOf(stored), Date.now()) : undefined;
  return {
    ...about,
    outcome: isRunning ? 'running' : 'unfinished',
    ...(left && { left }),
    ...soFar(stored),
  };
}

/** How the stages have ended of a run that has not. */
function soFar(stored: StoredRun): Pick<Status['runs'][number], 'stages' | 'counts'> {
  const counts = { hit: 0, ran: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { outcome } of endingsOf(stored).values()) counts[outcome]++;
  return { stages: stagesOfRun(stored).length, counts };
}
