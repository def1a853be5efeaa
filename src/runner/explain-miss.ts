import type { KeyManifest } from '../cache/action-key.ts';
import { newestRecord } from '../cache/action-record.ts';
import { latestKey, latestKeys } from '../cache/latest.ts';
import { type Change, changesBetween, describeChange } from '../cache/manifest-diff.ts';
import type { Stage } from '../pipeline/pipeline.ts';
import type { Reason } from './events.ts';
import type { Workspace } from './workspace.ts';

/** More changes than this are counted and not shown. */
const SHOWN_CHANGES = 3;

/** The action that a stage of the pipeline was before this run. */
interface EarlierAction {
  readonly stage: string;
  readonly manifest: KeyManifest;
}

interface Nearest {
  readonly stage: string;
  readonly changes: readonly Change[];
}

/** Says why an action has no record: what is other than in the nearest action that has one. */
export class MissExplainer {
  readonly #pipeline: string;
  readonly #workspace: Workspace;
  #earlier: Promise<EarlierAction[]> | undefined;

  constructor(pipeline: string, workspace: Workspace) {
    this.#pipeline = pipeline;
    this.#workspace = workspace;
  }

  /**
   * Compares with the action that the stage last was. One that was never run under its name (a new point of a sweep,
   * a stage that was renamed and changed) is compared with the stage of its type that was most like it.
   */
  async reason(stage: Stage, manifest: KeyManifest): Promise<Reason> {
    const name = { pipeline: this.#pipeline, stage: stage.id };
    const key = await latestKey(this.#workspace.cacheDirectory, name);
    const last = key && newestRecord(await this.#workspace.records.find(key));
    const changes = last ? changesBetween(last.manifest, manifest) : [];
    if (changes.length > 0) return { code: 'changed', message: describeChanges(changes), changes };
    const nearest = nearestOf(await this.#earlierActions(), manifest);
    if (!nearest) return { code: 'never-run', message: 'not run before' };
    return {
      code: 'never-run',
      message: `not run before; compared with ${nearest.stage}: ${describeChanges(nearest.changes)}`,
      changes: nearest.changes,
      compared_with: nearest.stage,
    };
  }

  /** Read once, and only when it is asked for: stages that this run brings up to date are no news. */
  #earlierActions(): Promise<EarlierAction[]> {
    this.#earlier ??= this.#readEarlierActions();
    return this.#earlier;
  }

  async #readEarlierActions(): Promise<EarlierAction[]> {
    const { cacheDirectory, records } = this.#workspace;
    const earlier: EarlierAction[] = [];
    for (const { stage, key } of await latestKeys(cacheDirectory, this.#pipeline)) {
      const record = newestRecord(await records.find(key));
      if (record) earlier.push({ stage, manifest: record.manifest });
    }
    return earlier;
  }
}

/** `learning_rate 0.00005 -> 0.0001, and 2 more`. */
export function describeChanges(changes: readonly Change[]): string {
  const more = changes.length - SHOWN_CHANGES;
  const shown = changes.slice(0, SHOWN_CHANGES).map(describeChange).join(', ');
  return more > 0 ? `${shown}, and ${more} more` : shown;
}

/** Of the earlier actions of the type and shape of this one, that with the fewest changes. */
function nearestOf(earlier: readonly EarlierAction[], manifest: KeyManifest): Nearest | undefined {
  let nearest: Nearest | undefined;
  for (const { stage, manifest: before } of earlier) {
    if (before.type !== manifest.type) continue;
    const changes = changesBetween(before, manifest);
    if (changes.length === 0 || !changes.every(isOfOneShape)) continue;
    if (!nearest || changes.length < nearest.changes.length) nearest = { stage, changes };
    if (nearest.changes.length === 1) break; // none is nearer
  }
  return nearest;
}

/** What one of two actions lacks altogether is no change of a value: they do different things. */
function isOfOneShape({ before, after }: Change): boolean {
  return before !== undefined && after !== undefined;
}
