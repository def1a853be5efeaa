import { planPipeline } from '../../runner/plan/plan.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { bytes, counted } from '../../terminal/units.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { UserError } from '../user-error.ts';
import { remoteOf } from './open-remote.ts';
import type { RemoteVerbOptions } from './remote-options.ts';

export interface TransferOptions extends PipelineOptions, RemoteVerbOptions {}

export interface PullOptions extends TransferOptions {
  readonly for: readonly string[];
}

/**
 * Uploads every result of a pipeline that is up to date. Returns the code to exit with: 1 where the store could not be used.
 * Throws a UserError without a remote cache or a key to sign with.
 */
export async function push(file: string, options: TransferOptions): Promise<ExitCode> {
  const { stages, workspace, problems } = await planned(file, options);
  const { remote, objects } = workspace;
  if (!remote.canUpload)
    throw new UserError('there is no key to sign with', 'make one with: pipe trust create');
  const ready = stages.filter(({ state, record }) => state === 'hit' && record !== undefined);
  for (const { record } of ready) remote.upload(record!, objects);
  const cancelled = new AbortController();
  const interrupt = () => cancelled.abort();
  process.once('SIGINT', interrupt);
  await remote.finish(cancelled.signal);
  process.off('SIGINT', interrupt);
  if (problems.length > 0 || cancelled.signal.aborted) return EXIT.failed;
  const rest = stages.length - ready.length;
  const left = rest === 0 ? '' : `; ${counted(rest, 'stage')} not up to date`;
  show(process.stdout, `${counted(ready.length, 'result')} of ${file} in ${remote.address}${left}`);
  return EXIT.done;
}

/** Brings what stages read. Returns the code to exit with: 1 where some of it cannot be had. */
export async function pull(file: string, options: PullOptions): Promise<ExitCode> {
  const { stages, workspace, problems } = await planned(file, options, options.for);
  let size = 0;
  let count = 0;
  for (const { stage, action } of stages) {
    if (!options.for.some((name) => name === stage.id || name === stage.name)) continue;
    if (action === undefined) {
      show(process.stderr, `${stage.id}: what it reads is not known yet; stages before it have no result`);
      return EXIT.failed;
    }
    const inputs = [
      ...Object.values(action.inputs),
      ...Object.values(action.collections).flatMap((collection) => Object.values(collection)),
    ];
    for (const { artifact } of inputs) {
      if ((await workspace.objects.locate(artifact)) === undefined) return EXIT.failed;
      size += artifact.bytes;
      count++;
    }
  }
  if (problems.length > 0) return EXIT.failed;
  show(process.stdout, `${counted(count, 'input')} of ${options.for.join(', ')} here: ${bytes(size)}`);
  return EXIT.done;
}

interface Planned {
  readonly stages: readonly PlannedStage[];
  readonly workspace: Workspace & { readonly remote: NonNullable<Workspace['remote']> };
  /** What has been said of the cache so far. */
  readonly problems: readonly unknown[];
}

async function planned(file: string, options: TransferOptions, only?: readonly string[]): Promise<Planned> {
  const openRemote = await remoteOf(file, options);
  if (openRemote === undefined)
    throw new UserError('there is no remote cache', 'name one with --remote, or in PIPE_REMOTE');
  const pipeline = await openPipeline(file, options);
  const artifacts = artifactsDirectory(file, options);
  const problems: unknown[] = [];
  const onProblem: typeof tellCacheProblem = (problem) => {
    problems.push(problem);
    tellCacheProblem(problem);
  };
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: false,
    ...(only && { only }),
    onProblem,
    openRemote,
  });
  const workspace = openWorkspace(artifacts, onProblem, openRemote);
  return { stages, workspace: { ...workspace, remote: workspace.remote! }, problems };
}
