import type { ActionRecord } from '../../cache/records/action-record.ts';
import type { Change } from '../../cache/records/manifest-diff.ts';
import { canonicalJson } from '../../contract/canonical-json.ts';
import { type Json, type JsonObject, plainText } from '../../contract/json.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { readRun } from '../events/run-store.ts';
import type { RunAbout } from '../events/stored-run.ts';
import type { Workspace } from '../workspace.ts';

/** A parameter by which a setting was changed. */
export interface ChangedParameter {
  readonly name: string;
  /** ` 1 -> 2`; empty where the change of the setting says the same. */
  readonly text: string;
}

/** Which parameters of a pipeline are behind the change of a setting: what they were is in the run that made the result. */
export class ChangedParameters {
  readonly #pipeline: Pipeline;
  readonly #workspace: Workspace;

  constructor(pipeline: Pipeline, workspace: Workspace) {
    this.#pipeline = pipeline;
    this.#workspace = workspace;
  }

  /** `before`: the record of what stage `stage` was. None where its run is gone. */
  async behind(
    change: Change,
    stage: string,
    before: ActionRecord | undefined,
  ): Promise<readonly ChangedParameter[]> {
    const run = before?.provenance.run;
    if (typeof run !== 'string') return [];
    const about = (await readRun(this.#workspace.runsDirectory, run))?.about;
    if (about === undefined) return [];
    const now = this.#now(stage);
    const found = new Map<string, ChangedParameter>();
    for (const then of parametersOf(about, stage)) {
      for (const [name, value] of Object.entries(now)) {
        if (!Object.hasOwn(then, name) || same(then[name]!, value)) continue;
        const text = partIn(change, then[name]!, value);
        if (text !== undefined) found.set(name, { name, text });
      }
    }
    return [...found.values()];
  }

  #now(stage: string): JsonObject {
    const label = this.#pipeline.stages.find(({ id }) => id === stage)?.variants[0];
    return (
      this.#pipeline.variants.find((variant) => variant.label === label)?.params ?? this.#pipeline.params
    );
  }
}

/** The parameters that a stage may have had in a run: those of its variants; of all if it was not in it by this name. */
function parametersOf({ params, variants }: RunAbout, stage: string): readonly JsonObject[] {
  if (variants === undefined) return [params];
  const own = variants.filter(({ stages }) => stages.includes(stage));
  return (own.length > 0 ? own : variants).map((variant) => variant.params);
}

/** Whether a setting went the way of a parameter, wholly or as a part of a text; and what is to be said of the parameter. */
function partIn({ before, after }: Change, then: Json, now: Json): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  if (same(before, then) && same(after, now)) return '';
  const [old, current] = [plainText(then), plainText(now)];
  const isPart = JSON.stringify(before).includes(old) && JSON.stringify(after).includes(current);
  return isPart && typeof before === 'string' ? ` ${old} -> ${current}` : undefined;
}

function same(one: Json, other: Json): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
