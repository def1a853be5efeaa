import type { KeyManifest } from '../../cache/records/action-key.ts';
import { newestRecord } from '../../cache/records/action-record.ts';
import { latestKey, latestKeys } from '../../cache/records/latest.ts';
import { type Change, changesBetween, describeChange } from '../../cache/records/manifest-diff.ts';
import { NearestManifest } from '../../cache/records/nearest-manifest.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import type { Reason } from '../events/run-event.ts';
import type { Workspace } from '../workspace.ts';

/** More changes than this are counted and not shown. */
const SHOWN_CHANGES = 3;

/** The actions that the stages of the pipeline were before this run. */
interface EarlierActions {
  readonly stages: readonly string[];
  /** In the order of `stages`. */
  readonly manifests: NearestManifest;
}

/** Says why an action has no record: what is other than in the nearest action that has one. */
export class MissExplainer {
  readonly #pipeline: string;
  readonly #workspace: Workspace;
  #earlier: Promise<EarlierActions> | undefined;

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
    // It has been run: what it was then is known, and what came of it is not.
    const isGone = key !== undefined && !last;
    const code = isGone ? 'record-gone' : 'never-run';
    const message = isGone ? 'the record of its last result is gone' : 'not run before';
    const earlier = await this.#earlierActions();
    const nearest = earlier.manifests.of(manifest);
    if (!nearest) return { code, message };
    const compared = earlier.stages[nearest.index]!;
    return {
      code,
      message: `${message}; compared with ${compared}: ${describeChanges(nearest.changes)}`,
      changes: nearest.changes,
      compared_with: compared,
    };
  }

  /** Read once, and only when it is asked for: stages that this run brings up to date are no news. */
  #earlierActions(): Promise<EarlierActions> {
    this.#earlier ??= this.#readEarlierActions();
    return this.#earlier;
  }

  async #readEarlierActions(): Promise<EarlierActions> {
    const { cacheDirectory, records } = this.#workspace;
    const stages: string[] = [];
    const manifests: KeyManifest[] = [];
    for (const { stage, key } of await latestKeys(cacheDirectory, this.#pipeline)) {
      const record = newestRecord(await records.find(key));
      if (!record) continue;
      stages.push(stage);
      manifests.push(record.manifest);
    }
    return { stages, manifests: new NearestManifest(manifests) };
  }
}

/** `learning_rate 0.00005 -> 0.0001, and 2 more`. */
export function describeChanges(changes: readonly Change[]): string {
  const more = changes.length - SHOWN_CHANGES;
  const shown = changes.slice(0, SHOWN_CHANGES).map(describeChange).join(', ');
  return more > 0 ? `${shown}, and ${more} more` : shown;
}
