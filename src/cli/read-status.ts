import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { orAbsent } from '../cache/cache-error.ts';
import { isDigest } from '../cache/digest.ts';
import { lockHolder } from '../cache/lock.ts';
import type { RunEvent } from '../runner/events.ts';
import { planPipeline } from '../runner/plan.ts';
import { listRuns, readRun } from '../runner/run-store.ts';
import { openWorkspace } from '../runner/workspace.ts';
import { artifactsDirectory, openPipeline } from './open-pipeline.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { type PlannedStageDocument, plannedStages } from './plan-document.ts';
import { tellCacheProblem } from './tell-cache-problem.ts';

/** Older runs are left to `artifacts/runs`. */
const SHOWN_RUNS = 5;

type RunFinished = Extract<RunEvent, { type: 'run-finished' }>;

/** What `pipe status --json` prints (json-shapes/status.ts). */
export interface Status {
  readonly artifacts: string;
  /** Newest first; `unfinished`: it still runs, or it was killed. */
  readonly runs: readonly {
    readonly run: string;
    readonly pipeline: string;
    readonly file: string;
    readonly started: string;
    readonly outcome: RunFinished['outcome'] | 'unfinished';
    readonly duration_ms?: number;
    readonly counts?: RunFinished['counts'];
  }[];
  /** Actions that a live process is at work on. */
  readonly running: readonly { readonly action: string; readonly holder: string; readonly stage?: string }[];
  /** Of the pipeline that was asked for. */
  readonly stages?: readonly PlannedStageDocument[];
}

/** Gathers the status of an artifacts folder and, where `file` is given, of a pipeline. Starts nothing. */
export async function readStatus(file: string | undefined, options: PipelineOptions): Promise<Status> {
  const artifacts = artifactsDirectory(file ?? 'pipeline.yaml', options);
  const { runsDirectory, locksDirectory } = openWorkspace(artifacts, tellCacheProblem);
  const stages = file === undefined ? undefined : await stagesOf(file, artifacts, options);
  return {
    artifacts,
    runs: await lastRuns(runsDirectory),
    running: await runningActions(locksDirectory, stages ?? []),
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

async function lastRuns(runsDirectory: string): Promise<Status['runs']> {
  const ids = (await listRuns(runsDirectory)).slice(0, SHOWN_RUNS);
  const stored = await Promise.all(ids.map((id) => readRun(runsDirectory, id)));
  return stored
    .filter((run) => run !== undefined)
    .map(({ about, events }) => {
      const { run, pipeline, file, started } = about;
      const finished = events.find((event) => event.type === 'run-finished');
      const { outcome, duration_ms, counts } = finished ?? { outcome: 'unfinished' as const };
      const ended = duration_ms === undefined || counts === undefined ? {} : { duration_ms, counts };
      return { run, pipeline, file, started, outcome, ...ended };
    });
}

async function runningActions(
  locksDirectory: string,
  stages: readonly PlannedStageDocument[],
): Promise<Status['running']> {
  const keys = ((await orAbsent(readdir(locksDirectory))) ?? []).filter(isDigest);
  const running: Status['running'][number][] = [];
  for (const action of keys) {
    const holder = await lockHolder(join(locksDirectory, action));
    if (holder === undefined) continue;
    const stage = stages.find((candidate) => candidate.action === action)?.stage;
    running.push({ action, holder, ...(stage === undefined ? {} : { stage }) });
  }
  return running;
}
