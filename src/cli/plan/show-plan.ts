import { availableParallelism } from 'node:os';
import { expectedWork } from '../../runner/plan/expected-work.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import { runCapacity } from '../../runner/schedule/machine-capacity.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { artifactsDirectory, openRememberedPipeline } from '../open/open-pipeline.ts';
import { type PipelineOptions, type StagesOptions, selectionOf } from '../open/pipeline-options.ts';
import { frozenOf } from '../open/stage-command.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';
import { warnOfUndeclaredFiles } from '../validate/undeclared-files.ts';
import { expectedLines, expectedRun } from './expected-run.ts';
import { plannedStages } from './plan-document.ts';
import { leftOutLines, planLines } from './plan-lines.ts';

export interface PlanVerbOptions extends PipelineOptions, StagesOptions, RemoteVerbOptions {
  readonly jobs?: number;
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
    ...selectionOf(options),
    ...frozenOf(file, options),
    onProblem: tellCacheProblem,
    openRemote: await remoteOf(file, { ...options, upload: false }),
  });
  const expected = await expectedWork(plan, pipeline.name, openWorkspace(artifacts, tellCacheProblem));
  const stages = plannedStages(plan, expected);
  const limits = {
    jobs: options.jobs ?? availableParallelism(),
    capacity: runCapacity(pipeline, process.env).resources,
  };
  const whole = expectedRun(plan, expected, limits);
  const more = expected.size > 0 ? ['', ...expectedLines(whole, expected.size)] : [];
  const { name, leftOut } = pipeline;
  const document = {
    ...{ pipeline: name, file: pipeline.file, stages, expected: whole },
    ...(leftOut.length > 0 && { left_out: leftOut }),
  };
  const lines = planLines(stages, paintFor(process.stdout), plan.refusals);
  const text = options.json
    ? visibleJson(document, 2)
    : [...lines, ...leftOutLines(leftOut), ...more].join('\n');
  show(process.stdout, text);
  return plan.refusals.length > 0 ? EXIT.failed : EXIT.done;
}
