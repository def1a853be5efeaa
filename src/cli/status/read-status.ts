import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { endOf, type StoredRun } from '../../runner/events/stored-run.ts';
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

/** Older runs are left to `artifacts/runs`. */
const SHOWN_RUNS = 5;

/** Gathers the status of an artifacts folder and, where `file` is given, of a pipeline. Starts nothing. */
export async function readStatus(file: string | undefined, options: PipelineOptions): Promise<Status> {
  const artifacts = artifactsDirectory(file, options);
  const { runsDirectory, locksDirectory } = openWorkspace(artifacts, tellCacheProblem);
  const stages = file === undefined ? undefined : await stagesOf(file, artifacts, options);
  const holders = await lockHolders(locksDirectory);
  const stored = await lastRuns(runsDirectory);
  const stageOf = new Map(stored.flatMap(unfinishedActions));
  return {
    artifacts,
    runs: stored.map((run) => runStatus(run, holders)),
    running: [...holders].map(([action, holder]) => {
      const stage = stageOf.get(action);
      return { action, holder, ...(stage === undefined ? {} : { stage }) };
    }),
    ...(stages === undefined ? {} : { stages }),
  };
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
  return { ...about, outcome: isRunning ? 'running' : 'unfinished' };
}
