import { planPipeline } from '../runner/plan.ts';
import { paintFor } from '../runner/reporters/paint.ts';
import { show, visibleJson } from '../runner/reporters/show.ts';
import { artifactsDirectory, openRememberedPipeline } from './open-pipeline.ts';
import type { PipelineOptions, StagesOptions } from './pipeline-options.ts';
import { plannedStages } from './plan-document.ts';
import { planLines } from './plan-lines.ts';
import { tellCacheProblem } from './tell-cache-problem.ts';
import { warnOfUndeclaredFiles } from './undeclared-files.ts';

export interface PlanVerbOptions extends PipelineOptions, StagesOptions {
  readonly offline?: true;
  readonly json?: true;
}

/** Prints what a run would do, and why; as a JSON document (json-shapes/plan.ts) with `json`. */
export async function showPlan(file: string, options: PlanVerbOptions): Promise<void> {
  const artifacts = artifactsDirectory(file, options);
  const pipeline = await openRememberedPipeline(file, options, artifacts);
  await warnOfUndeclaredFiles(pipeline);
  const plan = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: options.offline ?? false,
    force: options.force,
    ...(options.only === undefined ? {} : { only: options.only }),
    onProblem: tellCacheProblem,
  });
  const stages = plannedStages(plan);
  const text = options.json
    ? visibleJson({ pipeline: pipeline.name, file: pipeline.file, stages }, 2)
    : planLines(stages, paintFor(process.stdout)).join('\n');
  show(process.stdout, text);
}
