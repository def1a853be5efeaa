import { readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ActionRecord } from '../../cache/records/action-record.ts';
import type { Pin } from '../../contract/stage-type.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import type { PlannedStage } from '../../runner/plan/planned-stage.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { counted } from '../../terminal/units.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { executeRun } from '../run/execute-run.ts';
import { UserError } from '../user-error.ts';

export type PinOptions = Pick<PipelineOptions, 'artifacts'>;

/** A stage that fetches what nothing pins, and what it fetched when it was done. */
interface Unpinned {
  readonly stage: Stage;
  readonly record: ActionRecord;
  readonly pins: readonly Pin[];
}

/** A file's text with a digest at a path; undefined where there is no map to add it to. */
type AddSetting = (text: string, path: readonly string[], sha256: Pin['sha256']) => string | undefined;

/**
 * Writes the digests of what stages fetched without a pin into the pipeline file, and records their results for the stages as they
 * are pinned, too. Stages without a record run first. Returns the code to exit with. Throws a UserError where the file cannot be
 * edited.
 */
export async function pinPipeline(file: string, options: PinOptions): Promise<ExitCode> {
  const artifacts = artifactsDirectory(file, options);
  const missing = (await plannedUnpinned(file, artifacts)).filter((planned) => pinsOf(planned).length === 0);
  if (missing.length > 0) {
    const ended = await fetchFor(missing, file, options);
    if (ended !== EXIT.done) return ended;
  }
  const unpinned = (await plannedUnpinned(file, artifacts)).map(
    (planned): Unpinned => ({ stage: planned.stage, record: planned.record!, pins: pinsOf(planned) }),
  );
  if (unpinned.length === 0) {
    show(process.stdout, `${file}: nothing is downloaded without a pin.`);
    return EXIT.done;
  }
  const text = await readFile(file, 'utf8');
  // A part of its own: a run with nothing to do must not load the YAML library with the rest.
  const { withSetting } = await import('../../pipeline/yaml/add-setting.ts');
  const add: AddSetting = (edits, path, sha256) => withSetting(edits, path, 'sha256', sha256);
  const edited = byName(unpinned).reduce((edits, stage) => withPins(edits, stage, file, add), text);
  await replaceFile(file, edited);
  try {
    await keepResults(file, artifacts, unpinned);
  } catch (error) {
    await replaceFile(file, text);
    throw error;
  }
  for (const { stage, pins } of byName(unpinned)) {
    const files = pins.reduce(
      (count, { sha256 }) => count + (typeof sha256 === 'string' ? 1 : Object.keys(sha256).length),
      0,
    );
    show(process.stdout, `Pinned ${stage.name}: ${counted(files, 'file')}. Its result stays.`);
  }
  return EXIT.done;
}

/** Stages that fetch something without a pin, as they are planned now. */
async function plannedUnpinned(file: string, artifacts: string): Promise<PlannedStage[]> {
  const pipeline = await openPipeline(file, { set: [] });
  const names = pipeline.stages
    .filter(({ type, settings, inputs }) => type.fetchesUnpinned?.(settings, Object.keys(inputs)))
    .map(({ id }) => id);
  if (names.length === 0) return [];
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: true,
    only: names,
    onProblem: tellCacheProblem,
  });
  return stages.filter(({ stage }) => names.includes(stage.id));
}

function pinsOf({ stage, state, record }: PlannedStage): readonly Pin[] {
  if (state !== 'hit' || record === undefined) return [];
  const { facts } = record.provenance;
  const outputs = Object.entries(record.outputs).map(([name, { digest }]) => [name, digest]);
  return stage.type.pins?.(stage.settings, { outputs: Object.fromEntries(outputs), facts }) ?? [];
}

/** Runs stages, also those whose record is of a time when nothing noted what they fetched. */
async function fetchFor(
  missing: readonly PlannedStage[],
  file: string,
  { artifacts }: PinOptions,
): Promise<ExitCode> {
  return await executeRun(file, {
    set: [],
    only: missing.map(({ stage }) => stage.id),
    force: missing.filter(({ state }) => state === 'hit').map(({ stage }) => stage.id),
    preflight: true,
    reporter: 'auto',
    ...(artifacts !== undefined && { artifacts }),
  });
}

/** Variants of a stage are one place in the file. Throws a UserError where they fetched different files. */
function byName(unpinned: readonly Unpinned[]): readonly Unpinned[] {
  const first = new Map<string, Unpinned>();
  for (const one of unpinned) {
    const known = first.get(one.stage.name);
    if (known === undefined) first.set(one.stage.name, one);
    else if (!isDeepStrictEqual(known.pins, one.pins)) {
      throw new UserError(
        `the variants of ${one.stage.name} download different files, which one digest cannot pin`,
        'pin them by hand, with a parameter for the digest',
      );
    }
  }
  return [...first.values()];
}

function withPins(text: string, { stage, pins }: Unpinned, file: string, add: AddSetting): string {
  return pins.reduce((edits, { under, sha256 }) => {
    const path = ['stages', stage.name, 'with', ...under];
    const edited = add(edits, path, sha256);
    if (edited !== undefined) return edited;
    const written = typeof sha256 === 'string' ? JSON.stringify(sha256) : JSON.stringify(sha256, null, 1);
    throw new UserError(
      `${file} has no map of its own at ${path.join('.')} that a digest can be added to; nothing was changed`,
      `where the stage is described (in a file that this one extends, or at an anchor), add: sha256: ${written}`,
    );
  }, text);
}

/** The bytes are those of the pins, so the stage as it is pinned is done: what it gave is recorded for it, too. */
async function keepResults(file: string, artifacts: string, unpinned: readonly Unpinned[]): Promise<void> {
  const { records } = openWorkspace(artifacts, tellCacheProblem);
  const pipeline = await openPipeline(file, { set: [] });
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: true,
    only: unpinned.map(({ stage }) => stage.id),
    onProblem: tellCacheProblem,
  });
  for (const { stage, record } of unpinned) {
    const action = stages.find((planned) => planned.stage.id === stage.id)?.action;
    if (action === undefined) continue;
    const provenance = { ...record.provenance, pinned_from: record.key };
    await records.add({ ...record, key: action.key, manifest: action.manifest, provenance });
  }
}

/** Readers see the old text or the new one; a link to the file stays one. */
async function replaceFile(file: string, text: string): Promise<void> {
  const path = await realpath(file);
  const { mode } = await stat(path);
  const draft = `${path}.pinned`;
  await writeFile(draft, text, { flush: true, mode });
  await rename(draft, path);
}
