import { Decider } from '../../runner/plan/decide.ts';
import { makePlan } from '../../runner/plan/plan.ts';
import { stageIds } from '../../runner/plan/stage-graph.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import type { WhyDocument } from '../json-shapes/why.ts';
import { artifactsDirectory, openRememberedPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { plannedStages } from '../plan/plan-document.ts';
import { whyLines } from './why-lines.ts';

export interface WhyOptions extends PipelineOptions {
  readonly offline?: true;
  readonly json?: true;
}

/** Prints why stages run, or ran; as a JSON document (json-shapes/why.ts) with `json`. */
export async function showWhy(file: string, names: readonly string[], options: WhyOptions): Promise<void> {
  const artifacts = artifactsDirectory(file, options);
  const pipeline = await openRememberedPipeline(file, options, artifacts);
  const wanted = stageIds(pipeline, names);
  const workspace = openWorkspace(artifacts, tellCacheProblem);
  const decider = new Decider(pipeline, workspace, {
    environment: process.env,
    offline: options.offline ?? false,
  });
  const plan = await makePlan(pipeline, decider, workspace, {});
  const { whyOf } = await import('../../runner/why/why.ts');
  const why = await whyOf(wanted, plan, { pipeline, decider, workspace });
  const documents = new Map(plannedStages(plan).map((planned) => [planned.stage, planned]));
  const stages: WhyDocument['stages'] = why.map(({ planned, made, explanations }) => ({
    planned: documents.get(planned.stage.id)!,
    ...(made && { made }),
    explanations,
  }));
  const text = options.json
    ? [visibleJson({ pipeline: pipeline.name, file: pipeline.file, stages }, 2)]
    : whyLines(stages, paintFor(process.stdout));
  show(process.stdout, ...text);
}
