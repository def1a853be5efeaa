import { planPipeline } from '../../runner/plan/plan.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { artifactsDirectory, openRememberedPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions, StagesOptions } from '../open/pipeline-options.ts';
import { frozenOf } from '../open/stage-command.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';
import { warnOfUndeclaredFiles } from '../validate/undeclared-files.ts';
import { plannedStages } from './plan-document.ts';
import { planLines } from './plan-lines.ts';

export interface PlanVerbOptions extends PipelineOptions, StagesOptions, RemoteVerbOptions {
  readonly offline?: true;
  readonly json?: true;
}

/**
 * Prints what a run would do, and why; as a JSON document (json-shapes/plan.ts) with `json`. Returns the code to exit
 * with: a frozen run that would end before it starts is a failure.
 */
export async function showPlan(file: string, options: PlanVerbOptions): Promise<ExitCode> {
  const artifacts = artifactsDirectory(file, options);
  const pipeline = await openRememberedPipeline(file, options, artifacts);
  await warnOfUndeclaredFiles(pipeline);
  const plan = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: options.offline ?? false,
    force: options.force,
    ...(options.only === undefined ? {} : { only: options.only }),
    ...frozenOf(file, options),
    onProblem: tellCacheProblem,
    openRemote: await remoteOf(file, { ...options, upload: false }),
  });
  const stages = plannedStages(plan);
  const text = options.json
    ? visibleJson({ pipeline: pipeline.name, file: pipeline.file, stages }, 2)
    : planLines(stages, paintFor(process.stdout), plan.refusals).join('\n');
  show(process.stdout, text);
  return plan.refusals.length > 0 ? EXIT.failed : EXIT.done;
}
