import type { CacheProblem } from '../../cache/cache-problem.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { UserError } from '../user-error.ts';
import { remoteOf } from './open-remote.ts';
import type { RemoteVerbOptions } from './remote-options.ts';
import type { TransferView } from './transfer-view.ts';

export interface TransferOptions extends PipelineOptions, RemoteVerbOptions {
  readonly json?: true;
}

/** Problems of the cache, each reported when it occurs. */
export class ToldProblems {
  readonly messages: string[] = [];
  #view: TransferView | undefined;

  readonly tell = ({ message }: CacheProblem): void => {
    this.messages.push(message);
    if (this.#view === undefined) show(process.stderr, `cache: ${message}`);
    else this.#view.write(`cache: ${message}`);
  };

  /** From now on a view writes them, above what it shows. */
  shownBy(view: TransferView): void {
    this.#view = view;
  }
}

/** What push and pull work with. */
export interface Transfer {
  readonly stages: readonly PlannedStage[];
  readonly workspace: Workspace & { readonly remote: NonNullable<Workspace['remote']> };
  readonly problems: ToldProblems;
}

/**
 * Plans a pipeline (as far as `only` needs it) with the remote cache that is asked for. Throws a UserError without one.
 */
export async function openTransfer(
  file: string,
  options: TransferOptions,
  only?: readonly string[],
): Promise<Transfer> {
  const openRemote = await remoteOf(file, options);
  if (openRemote === undefined)
    throw new UserError('there is no remote cache', 'name one with --remote, or in PIPE_REMOTE');
  const pipeline = await openPipeline(file, options);
  const artifacts = artifactsDirectory(file, options);
  const problems = new ToldProblems();
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: false,
    ...(only && { only }),
    onProblem: problems.tell,
    openRemote,
  });
  const workspace = openWorkspace(artifacts, problems.tell, openRemote);
  return { stages, workspace: { ...workspace, remote: workspace.remote! }, problems };
}
