import { type ActionRecord, newestRecord } from '../../cache/records/action-record.ts';
import { latestKey, latestKeys } from '../../cache/records/latest.ts';
import { type Change, changesBetween } from '../../cache/records/manifest-diff.ts';
import { type Digest, isDigest } from '../../files/digest.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Cause, Explanation } from '../events/explanation.ts';
import type { Reason } from '../events/run-event.ts';
import { readRun } from '../events/run-store.ts';
import type { Workspace } from '../workspace.ts';
import { changedFile, type Span } from './changed-file.ts';
import { asWritten, changedValue, describeInput } from './changed-value.ts';
import { Makers } from './makers.ts';
import { ChangedParameters } from './parameters.ts';
import { PastActions, type StageAction } from './past-actions.ts';
import { pastScene, type Scene, type Seen, type Source } from './scene.ts';

/** What a stage is compared with: how it differs, and the record of what it was if that is still there. */
interface Comparison {
  readonly changes: readonly Change[];
  readonly before?: ActionRecord | undefined;
  /** What is to be said besides the changes. */
  readonly reason?: Reason;
}

/** Reasons that lead no further and are said as they are. */
const LEAVES: ReadonlyMap<Reason['code'], Cause['kind']> = new Map([
  ['output-lost', 'output-lost'],
  ['forced', 'forced'],
  ['always', 'always'],
  ['invalidated', 'invalidated'],
  ['failed', 'failed'],
]);

/**
 * Follows what has changed through the graph to its origins. An input that is other than it was leads to the stage that
 * made it, and there to what is other in that stage than in the action that made the earlier bytes.
 */
export class Explainer {
  readonly #pipeline: Pipeline;
  readonly #workspace: Workspace;
  readonly #makers: Makers;
  readonly #past: PastActions;
  readonly #parameters: ChangedParameters;

  constructor(pipeline: Pipeline, workspace: Workspace) {
    this.#pipeline = pipeline;
    this.#workspace = workspace;
    this.#makers = new Makers(workspace.records);
    this.#past = new PastActions(pipeline.name, workspace);
    this.#parameters = new ChangedParameters(pipeline, workspace);
  }

  /** Why a stage runs or ran in a scene: its own explanation first, then those that its causes refer to. */
  async explain(scene: Scene, stage: string): Promise<readonly Explanation[]> {
    const seen = await scene.of(stage);
    if (seen === undefined) return [];
    const work = new Explaining(scene, this.#causes);
    await work.add(stage, seen, await this.#lastTime(stage, seen));
    return work.explanations;
  }

  /** What the stage was when it was last up to date; of one that never was, what is most like it. */
  async #lastTime(stage: string, { manifest, reason, ranHere }: Seen): Promise<Comparison> {
    const isOfTheWorld = reason.code === 'observed-changed';
    if (ranHere || isOfTheWorld || manifest === undefined) return { changes: changesOf(reason), reason };
    const before = await this.#latestRecord(stage);
    if (before) return { changes: changesBetween(before.manifest, manifest), before, reason };
    const like = reason.compared_with && (await this.#latestRecord(reason.compared_with));
    return { changes: changesOf(reason), reason, ...(like && { before: like }) };
  }

  /** What a stage was when it made an output of the bytes `digest`, which are other now, for `reader` as that was then. */
  async #whenItMade(
    digest: unknown,
    { stage, output }: Extract<Source, { stage: string }>,
    seen: Seen,
    reader: StageAction | undefined,
  ): Promise<Comparison> {
    const { manifest, reason, ranHere, state } = seen;
    if (ranHere || manifest === undefined || !isDigest(digest)) return { changes: changesOf(reason), reason };
    const latest = await latestKey(this.#workspace.cacheDirectory, this.#named(stage));
    const then = reader && (await this.#past.beside(stage, reader));
    const before = await this.#makers.of({ digest, output }, manifest, [then, latest]);
    const changes = before && changesBetween(before.manifest, manifest);
    if (changes) return { changes, before, ...(state !== 'hit' && { reason }) };
    // The same action gave other bytes: the run in which it did says why it was run once more.
    const why = state === 'hit' ? await this.#reasonThen(stage, seen) : reason;
    return { changes: changesOf(why), reason: why };
  }

  async #reasonThen(stage: string, { run, reason }: Seen): Promise<Reason> {
    const stored = run === undefined ? undefined : await readRun(this.#workspace.runsDirectory, run);
    const then = stored && (await pastScene(this.#pipeline, stored, this.#workspace).of(stage));
    return then?.ranHere ? then.reason : reason;
  }

  readonly #causes = async (
    stage: string,
    seen: Seen,
    { changes, before, reason }: Comparison,
    follow: Follow,
  ): Promise<Cause[]> => {
    const causes = reason === undefined ? [] : [...ownReason(stage, reason)];
    const since = before && String(before.provenance.finished);
    const followed = new Set<string>();
    for (const change of changes) {
      const source = seen.sources.get(change.path);
      if (source && 'stage' in source) {
        followed.add(source.stage);
        const reader = before && { stage, key: before.key };
        causes.push(await this.#changedOutput(source, change, follow, reader));
      } else if (source)
        causes.push(await this.#changedFile(source.path, change, { since, until: seen.time }));
      else causes.push(await changedValue(stage, seen, { change, before }, this.#parameters));
    }
    for (const other of seen.reason.code === 'upstream' ? (seen.reason.after ?? []) : []) {
      if (followed.has(other) || seen.state === 'hit') continue;
      // Two stages that are one action change for the same reasons, which have been said.
      if (isTwin(seen.reason) && causes.length > 0) continue;
      causes.push({ kind: 'upstream', ...(await this.#upstream(other, seen, follow)) });
    }
    if (causes.length === 0) causes.push({ kind: 'unknown', message: unknownText(seen) });
    return causes;
  };

  async #changedOutput(
    source: Extract<Source, { stage: string }>,
    change: Change,
    follow: Follow,
    reader: StageAction | undefined,
  ): Promise<Cause> {
    const input = describeInput(change);
    const name = `${source.stage}.${source.output}`;
    let maker: ActionRecord | undefined;
    const by = await follow(source.stage, async (seen) => {
      const compared = await this.#whenItMade(change.before, source, seen, reader);
      maker = compared.before;
      return compared;
    });
    const more = { change: asWritten(change), ...(by !== undefined && { by }) };
    if (change.before === undefined) return { kind: 'input', message: `${input} is new: ${name}`, ...more };
    const earlier = maker && (await this.#otherStageOf(maker, source.stage));
    const from = earlier === undefined ? '' : `; ${earlier} made it before`;
    return { kind: 'input', message: `${input}: ${name} changed${from}`, ...more };
  }

  /** The stage that an action belongs to, where that is another one than the one that is asked about. */
  async #otherStageOf({ key }: ActionRecord, stage: string): Promise<string | undefined> {
    const latest = await latestKeys(this.#workspace.cacheDirectory, this.#pipeline.name);
    const names = latest.filter((other) => other.key === key).map(({ stage }) => stage);
    return names.includes(stage) ? undefined : names[0];
  }

  async #changedFile(path: string, change: Change, span: Span): Promise<Cause> {
    const input = describeInput(change);
    const written = { file: path, change: asWritten(change) };
    const { message, ...at } = await changedFile(path, change, span, this.#workspace);
    const text = change.before === undefined ? `${input} is new: ${message}` : `${input}: ${message}`;
    return { kind: 'file', message: text, ...written, ...at };
  }

  async #upstream(other: string, seen: Seen, follow: Follow): Promise<Pick<Cause, 'message' | 'by'>> {
    if (isTwin(seen.reason)) return { message: `it is the same action as ${other}` };
    const by = await follow(other, (producer) => this.#lastTime(other, producer));
    return { message: `it needs ${other}`, ...(by !== undefined && { by }) };
  }

  async #latestRecord(stage: string): Promise<ActionRecord | undefined> {
    const key = await latestKey(this.#workspace.cacheDirectory, this.#named(stage));
    return key && newestRecord(await this.#workspace.records.find(key as Digest));
  }

  #named(stage: string) {
    return { pipeline: this.#pipeline.name, stage };
  }
}

/** Explains another stage. Returns its place in the list; undefined if nothing is known of it. */
type Follow = (stage: string, compare: (seen: Seen) => Promise<Comparison>) => Promise<number | undefined>;

type Causes = (stage: string, seen: Seen, compared: Comparison, follow: Follow) => Promise<Cause[]>;

/** The list of explanations while it grows; a stage that is compared with the same action twice is in it once. */
class Explaining {
  readonly explanations: Explanation[] = [];
  readonly #scene: Scene;
  readonly #causes: Causes;
  readonly #places = new Map<string, number>();

  constructor(scene: Scene, causes: Causes) {
    this.#scene = scene;
    this.#causes = causes;
  }

  async add(stage: string, seen: Seen, compared: Comparison): Promise<number> {
    const name = JSON.stringify([stage, compared.before?.key]);
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = this.explanations.length;
    this.#places.set(name, place);
    const { state, run, time } = seen;
    const about = { stage, state, ...(run !== undefined && { run }), ...(time !== undefined && { time }) };
    this.explanations.push({ ...about, causes: [] });
    this.explanations[place] = { ...about, causes: await this.#causes(stage, seen, compared, this.#follow) };
    return place;
  }

  readonly #follow: Follow = async (stage, compare) => {
    const seen = await this.#scene.of(stage);
    return seen && (await this.add(stage, seen, await compare(seen)));
  };
}

/** What a reason says that is no change. */
function ownReason(stage: string, reason: Reason): Cause[] {
  const kind = LEAVES.get(reason.code);
  if (kind !== undefined) return [{ kind, message: reason.message }];
  if (reason.code !== 'never-run' && reason.code !== 'record-gone') return [];
  const what =
    reason.code === 'never-run'
      ? `there is no result of ${stage} yet`
      : 'the record of its last result is gone: pipe gc or somebody removed it';
  const like =
    reason.compared_with === undefined
      ? ''
      : `; the result most like it is that of ${reason.compared_with}, which differs:`;
  return [{ kind: reason.code, message: what + like }];
}

/** Whether a stage waits for another that does just the same. */
function isTwin({ message }: Reason): boolean {
  return message.startsWith('the same action');
}

function changesOf({ changes = [] }: Reason): readonly Change[] {
  return changes.map(({ path, before, after }) => ({ path, before, after }));
}

function unknownText({ reason, state }: Seen): string {
  if (state !== 'hit') return reason.message;
  return 'what it was before is no longer on record';
}
