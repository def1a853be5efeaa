import { CacheError } from '../../files/system-problem.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { chooseReporter } from '../../reporters/choose-reporter.ts';
import type { RunEvent } from '../../runner/events/run-event.ts';
import type { RunSummary } from '../../runner/run.ts';
import { show } from '../../terminal/show.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { artifactsDirectory, openRememberedPipeline } from '../open/open-pipeline.ts';
import { selectionOf } from '../open/pipeline-options.ts';
import { frozenOf } from '../open/stage-command.ts';
import { publishPages } from '../pages/publish-pages.ts';
import { remoteOf } from '../remote/open-remote.ts';
import { warnOfUndeclaredFiles } from '../validate/undeclared-files.ts';
import { runInterruptibly } from './run-interruptibly.ts';
import type { RunVerbOptions } from './run-options.ts';
import { stagePlaces } from './stage-places.ts';
import { tellBegun } from './tell-begun.ts';

const EXIT_OF: Readonly<Record<RunSummary['outcome'], ExitCode>> = {
  succeeded: EXIT.done,
  failed: EXIT.failed,
  'preflight-failed': EXIT.failed,
  cancelled: EXIT.interrupted,
};

/** Brings a pipeline up to date and shows how; returns the code to exit with. */
export async function executeRun(file: string, options: RunVerbOptions): Promise<ExitCode> {
  const artifacts = artifactsDirectory(file, options);
  const pipeline = await openRememberedPipeline(file, options, artifacts);
  await warnOfUndeclaredFiles(pipeline);
  const reporterName = options.json ? 'json' : options.reporter;
  const reporter = chooseReporter(reporterName, process.stdout, process.env, {
    placeOf: stagePlaces(pipeline),
    samples: options.samples ?? false,
  });
  const finished: Extract<RunEvent, { type: 'stage-finished' }>[] = [];
  const emit = (event: RunEvent): void => {
    if (event.type === 'stage-finished') finished.push(event);
    if (event.type === 'run-started') tellBegun(event.run);
    reporter.report(event);
  };
  const openRemote = await remoteOf(file, options);
  let summary: RunSummary;
  try {
    summary = await runInterruptibly(pipeline, {
      artifactsDirectory: artifacts,
      preflight: options.preflight,
      offline: options.offline ?? false,
      force: options.force,
      keepFailed: options.keepFailed ?? false,
      explain: options.explain ?? false,
      ...frozenOf(file, options),
      openRemote,
      ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
      ...selectionOf(options),
      ...(options.engine === undefined ? {} : { engine: options.engine }),
      emit,
    });
  } finally {
    await reporter.close();
  }
  const { outcome, run } = summary;
  if (outcome === 'succeeded' && reporterName !== 'json')
    await showPages(pipeline, finished, { artifacts, openRemote }, process.argv.slice(2));
  const isGood =
    outcome !== 'succeeded' || (await meetsBaselines(pipeline, finished, run, artifacts, options));
  return isGood ? EXIT_OF[outcome] : EXIT.failed;
}

/** Whether no stage of the run is worse than its `fail_if` allows; says which are. */
async function meetsBaselines(
  pipeline: Pipeline,
  finished: readonly { readonly stage: string }[],
  run: string,
  artifacts: string,
  { remote }: Pick<RunVerbOptions, 'remote'>,
): Promise<boolean> {
  const done = new Set(finished.map(({ stage }) => stage));
  const stages = pipeline.stages.filter(({ id, execution }) => execution.failIf && done.has(id));
  if (stages.length === 0) return true;
  const { failedBaselines } = await import('./failed-baselines.ts');
  const { tellRegression } = await import('../compare/tell-regression.ts');
  const failed = await failedBaselines(
    { ...pipeline, stages },
    run,
    artifacts,
    remote === undefined ? {} : { remote },
  );
  const placeOf = stagePlaces(pipeline);
  for (const { stage, message } of failed) tellRegression(stage, message, placeOf(stage));
  return failed.length === 0;
}

/** The results are there whatever comes of their copies, as in an artifacts folder that is read-only. */
async function showPages(...published: Parameters<typeof publishPages>): Promise<void> {
  try {
    for (const page of await publishPages(...published)) show(process.stdout, `Open in a browser: ${page}`);
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    show(process.stderr, `warning: ${error.message}`);
  }
}
