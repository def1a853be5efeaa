import { BlobStore } from '../../cache/objects/blob-store.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { bytes, counted } from '../../terminal/units.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { VerifyDocument } from '../json-shapes/verify.ts';
import { existingArtifacts } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { UserError } from '../user-error.ts';
import { rebuildSample } from './rebuild-sample.ts';

/** What `pipe verify` was asked for. */
export interface VerifyOptions extends Pick<PipelineOptions, 'artifacts' | 'set'> {
  /** Share of the finished stages, above 0 and at most 1. */
  readonly rebuild?: number;
  readonly json?: true;
}

type Scrubbed = Pick<VerifyDocument, 'results' | 'objects' | 'bytes' | 'lost'>;

/**
 * Hashes everything in the store and reads every record and run; then runs a sample of stages again, if that is asked for.
 * Returns the code to exit with. Throws a UserError where there is nothing to verify.
 */
export async function verifyArtifacts(file: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  if ((file === undefined) !== (options.rebuild === undefined)) {
    const hint = 'pipe verify FILE --rebuild 5%; without both, all that is stored is read';
    throw new UserError('a pipeline file and --rebuild belong together', hint);
  }
  const artifacts = existingArtifacts(file, options);
  const damaged: string[] = [];
  const workspace = openWorkspace(artifacts, ({ message }) => damaged.push(message));
  const scrubbed = await scrub(workspace, (message) => damaged.push(message));
  for (const run of await listRuns(workspace.runsDirectory))
    await readRun(workspace.runsDirectory, run, (message) => damaged.push(message));
  const rebuilt =
    file === undefined || options.rebuild === undefined
      ? []
      : await rebuildSample(file, artifacts, options.rebuild, options);
  const document: VerifyDocument = { artifacts, ...scrubbed, damaged, rebuilt };
  if (options.json) show(process.stdout, visibleJson(document, 2));
  else show(process.stdout, ...lines(document));
  const isGood = damaged.length === 0 && rebuilt.every(({ differing }) => differing.length === 0);
  return isGood ? EXIT.done : EXIT.failed;
}

/** Reads every record, and every byte of every object. */
async function scrub(
  { cacheDirectory, records, objects }: Workspace,
  onDamage: (message: string) => void,
): Promise<Scrubbed> {
  const blobs = new BlobStore(cacheDirectory, ({ message }) => onDamage(message));
  const sums = { results: 0, objects: 0, bytes: 0 };
  for await (const { digest, bytes } of blobs.entries()) {
    await blobs.locate(digest);
    sums.objects++;
    sums.bytes += bytes;
  }
  const lost: Scrubbed['lost'][number][] = [];
  for await (const { key, manifest, outputs } of records.entries()) {
    sums.results++;
    const missing: string[] = [];
    for (const [name, output] of Object.entries(outputs))
      if (output.inline === undefined && !(await objects.contains(output))) missing.push(name);
    if (missing.length > 0) lost.push({ action: key, uses: manifest.type, outputs: missing });
  }
  return { ...sums, lost };
}

function lines({
  results,
  objects,
  bytes: hashed,
  damaged,
  lost,
  rebuilt,
}: VerifyDocument): readonly string[] {
  const same = rebuilt.filter(({ differing }) => differing.length === 0);
  return [
    ...damaged.map((message) => `damaged: ${message}`),
    ...lost.map(
      ({ uses, action, outputs }) =>
        `not here: ${outputs.join(', ')} of ${uses} ${action.slice(0, 12)}; made again when it is needed`,
    ),
    ...rebuilt.map(({ stage, differing }) =>
      differing.length === 0
        ? `the same again: ${stage}`
        : `different this time: ${stage}, in ${differing.join(', ')}`,
    ),
    `Read ${counted(results, 'result')} and ${counted(objects, 'object')} (${bytes(hashed)}): ${damaged.length === 0 ? 'nothing is damaged' : `${damaged.length} damaged`}.`,
    ...(rebuilt.length > 0
      ? [`Ran ${counted(rebuilt.length, 'stage')} again: ${same.length} gave the same.`]
      : []),
  ];
}
