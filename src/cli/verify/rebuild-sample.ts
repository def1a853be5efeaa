import { randomInt } from 'node:crypto';
import type { Repeated } from '../../cache/records/compared-records.ts';
import { chooseReporter } from '../../reporters/choose-reporter.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { VerifyDocument } from '../json-shapes/verify.ts';
import { openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import { runInterruptibly } from '../run/run-interruptibly.ts';
import { UserError } from '../user-error.ts';

/**
 * Runs a random share of a pipeline's finished stages again, at least one, and compares what they give with what is recorded.
 * Nothing that is recorded changes. The run is shown on standard error. Throws a UserError where no stage is finished, or
 * the run does not succeed.
 */
export async function rebuildSample(
  file: string,
  artifacts: string,
  share: number,
  { set }: Pick<PipelineOptions, 'set'>,
): Promise<VerifyDocument['rebuilt']> {
  const pipeline = await openPipeline(file, { set });
  const openRemote = await remoteOf(file, { upload: false });
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: false,
    onProblem: tellCacheProblem,
    openRemote,
  });
  const finished = stages.flatMap(({ stage, state, action }) =>
    state === 'hit' && action ? [[stage.id, action.key] as const] : [],
  );
  if (finished.length === 0)
    throw new UserError(`no stage of ${file} is finished`, `run it first: pipe run ${file}`);
  const sample = chosen(finished, Math.ceil(share * finished.length));
  const reporter = chooseReporter('plain', process.stderr, process.env);
  const repeated = new Map<string, Repeated>();
  const { outcome, directory } = await runInterruptibly(pipeline, {
    artifactsDirectory: artifacts,
    preflight: true,
    offline: false,
    force: sample.map(([stage]) => stage),
    only: sample.map(([stage]) => stage),
    openRemote,
    emit: (event) => reporter.report(event),
    onRepeated: (one) => repeated.set(one.record.key, one),
  }).finally(() => reporter.close());
  if (outcome !== 'succeeded')
    throw new UserError('the stages could not be run again', `${directory} has their logs`);
  return sample.map(([stage, action]) => {
    const { differing = [] } = repeated.get(action) ?? {};
    return { stage, action, differing };
  });
}

/** So many of a list, each as likely as any other, in their order. */
function chosen<Item>(items: readonly Item[], count: number): readonly Item[] {
  const left = [...items];
  while (left.length > count) left.splice(randomInt(left.length), 1);
  return left;
}
