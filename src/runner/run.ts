import { hostname } from 'node:os';
import type { CacheProblem } from '../cache/cache-problem.ts';
import { ComparedRecords } from '../cache/records/compared-records.ts';
import { commandText } from '../contract/command-text.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { commitOf } from './events/git-commit.ts';
import type { Outcome, RunEvent } from './events/run-event.ts';
import { cacheProblemEvent, type Emit, notStored } from './events/run-event-of.ts';
import { RunStore } from './events/run-store.ts';
import type { RunAbout } from './events/stored-run.ts';
import { PipelineRun } from './pipeline-run.ts';
import { producersOf, selectStages, stageIds } from './plan/stage-graph.ts';
import type { RunOptions, RunOutcome } from './run-options.ts';
import { openWorkspace } from './workspace.ts';

export interface RunSummary {
  readonly run: string;
  /** Where `run.json`, `events.ndjson` and `logs/` are. */
  readonly directory: string;
  readonly outcome: RunOutcome;
  readonly counts: Readonly<Record<Outcome, number>>;
}

/**
 * Plans a pipeline and runs what is stale. A stage that fails is an event and stops only what depends on it. Throws
 * a StageError for unknown stages in the options, a CacheError when nothing can be stored.
 */
export async function runPipeline(pipeline: Pipeline, options: RunOptions): Promise<RunSummary> {
  const selected = selectStages(pipeline, options);
  stageIds(pipeline, options.force ?? []); // reject unknown stage names before anything is written
  const began = process.uptime();
  // The run's folder comes first, so that problems found while planning are stored with it.
  const runs = openWorkspace(options.artifactsDirectory, () => {}).runsDirectory;
  const store = await RunStore.create(runs, {
    pipeline: pipeline.name,
    file: pipeline.file,
    params: pipeline.params,
    ...variantsOf(pipeline),
    ...commitAt(pipeline.file),
    argv: options.argv,
    host: hostname(),
    versions: options.versions,
  });
  const explained: RunEvent[] | undefined = options.explain ? [] : undefined;
  const emit: Emit = (event) => {
    const timed: RunEvent = { time: new Date().toISOString(), ...event };
    if (timed.type !== 'stage-progress') explained?.push(timed);
    options.emit(timed);
    const before = store.problem;
    store.append(timed);
    if (store.problem !== before) options.emit({ ...notStored(store.problem!), time: timed.time });
  };
  const { cancelled } = options.control;
  const stopping = () => emit({ type: 'run-stopping' });
  let outcome: RunOutcome = 'failed';
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
    cancelled.addEventListener('abort', stopping, { once: true });
    const onProblem = (problem: CacheProblem) => emit(cacheProblemEvent(problem));
    const workspace = openWorkspace(options.artifactsDirectory, onProblem, options.openRemote);
    const { onRepeated } = options;
    const records = onRepeated ? new ComparedRecords(workspace.records, onRepeated) : workspace.records;
    const compared = { ...workspace, records };
    outcome = await new PipelineRun(pipeline, options, compared, store, emit, explained).run(counts);
    return { run: store.about.run, directory: store.directory, outcome, counts };
  } finally {
    cancelled.removeEventListener('abort', stopping);
    emit({
      type: 'run-finished',
      outcome: outcome === 'preflight-failed' ? 'failed' : outcome,
      duration_ms: Math.round((process.uptime() - began) * 1000),
      counts,
      ...(outcome !== 'succeeded' && { next: options.next ?? commandText(options.argv) }),
    });
    store.close();
  }
}

function variantsOf({ variants, stages }: Pipeline): Pick<RunAbout, 'variants'> {
  if (variants.length < 2) return {};
  const ids = new Map<string, string[]>(variants.map(({ label }) => [label, []]));
  for (const { id, variants } of stages) for (const label of variants) ids.get(label)!.push(id);
  return { variants: variants.map(({ label, params }) => ({ label, params, stages: ids.get(label)! })) };
}

function commitAt(file: string): Pick<RunAbout, 'commit'> {
  const commit = commitOf(file);
  return commit === undefined ? {} : { commit };
}
