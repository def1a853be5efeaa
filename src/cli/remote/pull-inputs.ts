import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import type { Action, ActionInput } from '../../runner/plan/decide.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { bytes, counted } from '../../terminal/units.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { PullDocument } from '../json-shapes/transfer.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import { openTransfer, type TransferOptions } from './open-transfer.ts';
import { TransferView } from './transfer-view.ts';

export interface PullOptions extends TransferOptions {
  readonly for: readonly string[];
}

/** Inputs that are brought at once. */
const INPUTS_AT_ONCE = 4;

/** Brings what stages read. Returns the code to exit with: 1 where some of it cannot be had. */
export async function pull(file: string, options: PullOptions): Promise<ExitCode> {
  const { stages, workspace, problems } = await openTransfer(
    file,
    { ...options, upload: false },
    options.for,
  );
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
