import type { CacheProblem } from '../../cache/cache-problem.ts';
import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import type { Action, ActionInput } from '../../runner/plan/decide.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { bytes, counted } from '../../terminal/units.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { PullDocument, PushDocument } from '../json-shapes/transfer.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { UserError } from '../user-error.ts';
import { remoteOf } from './open-remote.ts';
import type { RemoteVerbOptions } from './remote-options.ts';
import { TransferView } from './transfer-view.ts';

export interface TransferOptions extends PipelineOptions, RemoteVerbOptions {
  readonly json?: true;
}

export interface PullOptions extends TransferOptions {
  readonly for: readonly string[];
}

/** What the stages read is brought from this many places at once. */
const INPUTS_AT_ONCE = 4;

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
  const view = new TransferView(process.stderr, 'uploading', () => remote.transferred.sent);
  problems.shownBy(view);
  await view.during(remote.finish(cancelled.signal));
  process.off('SIGINT', interrupt);
  const complete = problems.messages.length === 0 && !cancelled.signal.aborted;
  const stale = stages.filter((stage) => !ready.includes(stage)).map(({ stage }) => stage.id);
  if (options.json) {
    const document: PushDocument = {
      ...{ remote: remote.address, file, complete, problems: problems.messages },
      ...{ results: complete ? ready.map(({ stage }) => stage.id) : [], stale },
      sent_bytes: remote.transferred.sent.done,
    };
    show(process.stdout, visibleJson(document, 2));
  } else if (complete) {
    const left = stale.length === 0 ? '' : `; ${counted(stale.length, 'stage')} not up to date`;
    show(process.stdout, `${counted(ready.length, 'result')} of ${file} in ${remote.address}${left}`);
  }
  if (cancelled.signal.aborted) return EXIT.interrupted;
  return complete ? EXIT.done : EXIT.failed;
}

/** Brings what stages read. Returns the code to exit with: 1 where some of it cannot be had. */
export async function pull(file: string, options: PullOptions): Promise<ExitCode> {
  const { stages, workspace, problems } = await planned(file, { ...options, upload: false }, options.for);
  const { remote } = workspace;
  const wanted: WantedInput[] = [];
  for (const { stage, action } of stages) {
    if (!options.for.some((name) => name === stage.id || name === stage.name)) continue;
    if (action === undefined) {
      show(process.stderr, `${stage.id}: what it reads is not known yet; stages before it have no result`);
      return EXIT.failed;
    }
    for (const [input, { artifact }] of inputsOf(action)) wanted.push({ stage: stage.id, input, artifact });
  }
  const bytesToCome = await missingBytes(wanted, artifactsDirectory(file, options));
  const view = new TransferView(process.stderr, 'fetching', () => {
    const { done, total } = remote.transferred.received;
    return { done, total: Math.max(total, bytesToCome) };
  });
  problems.shownBy(view);
  const found = await view.during(locateAll(wanted, workspace));
  const size = wanted.reduce((sum, { artifact }) => sum + artifact.bytes, 0);
  const lost = wanted.filter((input) => !found.has(input));
  const complete = lost.length === 0 && problems.messages.length === 0;
  if (options.json) {
    const document: PullDocument = {
      ...{ remote: remote.address, file, complete, problems: problems.messages },
      inputs: wanted.map((one) => ({
        ...{ stage: one.stage, input: one.input, bytes: one.artifact.bytes },
        here: found.has(one),
      })),
      received_bytes: remote.transferred.received.done,
    };
    show(process.stdout, visibleJson(document, 2));
  } else {
    for (const { stage, input } of lost)
      show(process.stderr, `${stage}: its input ${input} is not to be had`);
    if (complete)
      show(
        process.stdout,
        `${counted(wanted.length, 'input')} of ${options.for.join(', ')} here: ${bytes(size)}`,
      );
  }
  return complete ? EXIT.done : EXIT.failed;
}

interface WantedInput {
  readonly stage: string;
  readonly input: string;
  readonly artifact: StoredArtifact;
}

function inputsOf({ inputs, collections }: Action): readonly (readonly [string, ActionInput])[] {
  const collected = Object.entries(collections).flatMap(([name, collection]) =>
    Object.entries(collection).map(([of, input]) => [`${name}.${of}`, input] as const),
  );
  return [...Object.entries(inputs), ...collected];
}

/** The inputs that are here now. */
async function locateAll(
  wanted: readonly WantedInput[],
  { objects }: Workspace,
): Promise<ReadonlySet<WantedInput>> {
  const found = new Set<WantedInput>();
  const left = [...wanted];
  const locateNext = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      if ((await objects.locate(next.artifact)) !== undefined) found.add(next);
  };
  await Promise.all(Array.from({ length: INPUTS_AT_ONCE }, locateNext));
  return found;
}

/** Bytes of the inputs that are not whole on this disk. */
async function missingBytes(wanted: readonly WantedInput[], artifacts: string): Promise<number> {
  const { objects } = openWorkspace(artifacts, () => {});
  const missing = new Map<string, number>();
  for (const { artifact } of wanted)
    if (!(await objects.contains(artifact))) missing.set(artifact.digest, artifact.bytes);
  return [...missing.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** What was wrong with the cache, as it is told. */
class ToldProblems {
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

interface Planned {
  readonly stages: readonly PlannedStage[];
  readonly workspace: Workspace & { readonly remote: NonNullable<Workspace['remote']> };
  readonly problems: ToldProblems;
}

async function planned(file: string, options: TransferOptions, only?: readonly string[]): Promise<Planned> {
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
