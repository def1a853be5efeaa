import { lstatSync } from 'node:fs';
import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import { actionKey, KEY_FORMAT, type KeyManifest } from '../../cache/records/action-key.ts';
import { type ActionRecord, newestRecord } from '../../cache/records/action-record.ts';
import { Invalidations } from '../../cache/records/invalidations.ts';
import { keyedSettings } from '../../cache/records/keyed-settings.ts';
import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import { versionOf } from '../../contract/stage-type.ts';
import type { Digest } from '../../files/digest.ts';
import { ifThere } from '../../files/system-problem.ts';
import type { InputSource, Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { variableOf } from '../attempt/stage-environment.ts';
import type { Reason } from '../events/run-event.ts';
import type { Workspace } from '../workspace.ts';
import { cached, fetched, invalidated, notVerified, observedChanged } from './decision-reasons.ts';
import { MissExplainer } from './explain-miss.ts';
import { FileInputs } from './file-inputs.ts';
import { executableInputs, inputDigests } from './keyed-inputs.ts';
import { ObservedFacts } from './observed-facts.ts';
import { RecordedInputs } from './recorded-inputs.ts';

/** One input as an action uses it, and the stage or file that it comes from. */
export interface ActionInput {
  readonly artifact: StoredArtifact;
  readonly from:
    | { readonly stage: string; readonly output: string }
    /** `recorded`: the file is not there, and its digest is the one on record. */
    | { readonly path: string; readonly exclude?: readonly string[]; readonly recorded?: true };
}

/** A stage with everything that determines its result. */
export interface Action {
  readonly key: Digest;
  readonly manifest: KeyManifest;
  readonly inputs: Readonly<Record<string, ActionInput>>;
  readonly collections: Readonly<Record<string, Readonly<Record<string, ActionInput>>>>;
}

type FileSource = Extract<InputSource, { kind: 'file' }>;

export type Decision =
  | { readonly hit: true; readonly record: ActionRecord; readonly reason: Reason }
  /** `record`: what was done before, and is to be done again. */
  | { readonly hit: false; readonly reason: Reason; readonly record?: ActionRecord };

/** `--frozen`: nothing runs but the stages that `only` names, and absent file inputs are taken by their digest on record. */
export interface Frozen {
  /** The command that runs a stage, for messages. */
  command(stage: string): string;
}

export interface DecideOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly offline: boolean;
  readonly frozen?: Frozen;
}

/** Record of a stage whose outputs are known; undefined of one that has failed. */
export type RecordOf = (stage: string) => ActionRecord | undefined;

/** Says for one stage at a time which action it is, and whether that was done before. */
export class Decider {
  readonly files: FileInputs;
  readonly observed: ObservedFacts;
  readonly invalidations: Invalidations;
  /** As they were when this run first looked: marks that are made later are for the next one. */
  #marked: ReadonlyMap<string, readonly string[]> | undefined;
  readonly #recorded: RecordedInputs;
  readonly #misses: MissExplainer;
  readonly #workspace: Workspace;
  readonly #options: DecideOptions;

  constructor(pipeline: Pipeline, workspace: Workspace, options: DecideOptions) {
    this.#misses = new MissExplainer(pipeline.name, workspace);
    this.#recorded = new RecordedInputs(pipeline, workspace);
    this.#workspace = workspace;
    this.#options = options;
    this.files = new FileInputs(workspace);
    this.invalidations = new Invalidations(workspace.cacheDirectory);
    this.observed = new ObservedFacts(workspace.cacheDirectory, options.environment);
  }

  /** The action of a stage, given the records of the stages that it needs. Throws a StageError for a bad file input. */
  async action(stage: Stage, recordOf: RecordOf): Promise<Action> {
    return await this.#action(stage, (producer, output, optional) => {
      const artifact = recordOf(producer)?.outputs[output];
      if (artifact) return artifact;
      if (optional && recordOf(producer) === undefined) return undefined;
      throw new Error(`Internal error: the record of stage "${producer}" has no output "${output}"`);
    });
  }

  /** As much of the action of a stage as is known: outputs of stages without a record are left out. Its key means nothing. */
  async knownAction(stage: Stage, recordOf: RecordOf): Promise<Omit<Action, 'key'>> {
    return await this.#action(stage, (producer, output) => recordOf(producer)?.outputs[output]);
  }

  /** `artifactOf`: an output of another stage; undefined for one that is left out. */
  async #action(
    stage: Stage,
    artifactOf: (producer: string, output: string, optional: boolean) => StoredArtifact | undefined,
  ): Promise<Action> {
    // Maps, because names come from users: one that is called __proto__ is an input as any other.
    const inputs = new Map<string, ActionInput>();
    const collections = new Map<string, Record<string, ActionInput>>();
    const outputOf = (stage: string, output: string, optional: boolean): ActionInput | undefined => {
      const artifact = artifactOf(stage, output, optional);
      return artifact && { artifact, from: { stage, output } };
    };
    for (const [name, source] of Object.entries(stage.inputs)) {
      if (source.kind === 'file') inputs.set(name, await this.#fileInput(source));
      else if (source.kind === 'output') {
        const input = outputOf(source.stage, source.output, false);
        if (input) inputs.set(name, input);
      } else {
        const collected = Object.entries(source.stages).flatMap(([label, producer]) => {
          const input = outputOf(producer, source.output, source.optional === true);
          return input ? [[label, input] as const] : [];
        });
        collections.set(name, Object.fromEntries(collected));
      }
    }
    const single = Object.fromEntries(inputs);
    const collected = Object.fromEntries(collections);
    const manifest: KeyManifest = {
      format: KEY_FORMAT,
      type: stage.type.keyedAs ?? stage.type.uses,
      version: versionOf(stage.type, stage.settings),
      settings: keyedSettings(stage.type.settings, stage.settings),
      inputs: inputDigests(single, collected),
      ...(stage.type.inputAccess === 'copy' && executableInputs(single, collected)),
      env: this.#declaredVariables(stage),
    };
    return { key: actionKey(manifest), manifest, inputs: single, collections: collected };
  }

  /** Has the file inputs of a stage read, whatever is remembered of them: whoever forces a stage may distrust that. */
  readAnew({ inputs }: Stage): void {
    for (const source of Object.values(inputs))
      if (source.kind === 'file') this.files.readAnew(source.path, source.exclude);
  }

  /** Whether an action was done before, in a world that still stands; if not, why it must be done. */
  async decide(stage: Stage, action: Action): Promise<Decision> {
    const { records: known } = this.#workspace;
    const records = await (stage.type.observe ? known.find(action.key) : known.findOnly(action.key));
    const newest = newestRecord(records);
    if (!newest) {
      const fetched = await this.#fetched(stage, action);
      return fetched ?? { hit: false, reason: await this.#misses.reason(stage, action.manifest) };
    }
    if (this.#isInvalidated(action.key)) return { hit: false, reason: invalidated(), record: newest };
    if (!stage.type.observe || observedNothing(newest))
      return { hit: true, record: newest, reason: cached(newest) };
    if (this.#options.offline) return { hit: true, record: newest, reason: notVerified('offline') };
    const observation = await this.observed.of(stage);
    if ('unreachable' in observation)
      return { hit: true, record: newest, reason: notVerified(observation.unreachable) };
    const text = canonicalJson(observation.facts);
    const record = records.find(({ observed }) => canonicalJson(observed) === text);
    if (record) return { hit: true, record, reason: cached(record) };
    const fetched = await this.#fetchedFor(action, observation.facts);
    if (fetched) return fetched;
    return { hit: false, reason: observedChanged(newest.observed, observation.facts) };
  }

  /** Another run may have done it meanwhile, so those that were marked are looked at again. */
  #isInvalidated(key: Digest): boolean {
    this.#marked ??= this.invalidations.all();
    return this.#marked.has(key) && this.invalidations.of(key).length > 0;
  }

  /** What somebody else has done, which is on record here from now on. */
  async #fetched(stage: Stage, action: Action): Promise<Decision | undefined> {
    if (this.#workspace.remote === undefined) return undefined;
    if (!stage.type.observe) return await this.#fetchedFor(action, {});
    const observation = this.#options.offline ? undefined : await this.observed.of(stage);
    return observation && 'facts' in observation
      ? await this.#fetchedFor(action, observation.facts)
      : undefined;
  }

  async #fetchedFor({ key }: Action, facts: JsonObject): Promise<Decision | undefined> {
    const { remote, records } = this.#workspace;
    const believed = await remote?.record(key, facts);
    if (remote === undefined || believed === undefined) return undefined;
    const record = await records.add(believed.record);
    return { hit: true, record, reason: fetched(believed.writer, remote.address) };
  }

  async #fileInput({ path, exclude }: FileSource): Promise<ActionInput> {
    // What is on record has the name of the path alone, and holds all that was there.
    if (this.#options.frozen !== undefined && exclude === undefined && isAbsent(path)) {
      const artifact = this.#recorded.artifact(path);
      if (artifact) return { artifact, from: { path, recorded: true } };
    }
    const artifact = await this.files.artifact(path, exclude);
    return { artifact, from: { path, ...(exclude && { exclude }) } };
  }

  /** Values of variables that are set; one that is not is found by preflight. */
  #declaredVariables({ env, envValues = {} }: Stage): Record<string, string> {
    const { environment } = this.#options;
    return Object.fromEntries(
      env.flatMap((name) => {
        const value = variableOf(envValues, name) ?? variableOf(environment, name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
}

function isAbsent(path: string): boolean {
  return ifThere(() => lstatSync(path, { throwIfNoEntry: false })) === undefined;
}

/** Settings are part of the key, so what had nothing to observe (a judge by reference) has nothing to verify. */
function observedNothing({ observed }: ActionRecord): boolean {
  return Object.keys(observed).length === 0;
}
