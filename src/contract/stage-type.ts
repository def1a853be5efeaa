import type { Static } from 'typebox';
import type { Json, JsonObject } from './json.ts';
import type { Metric } from './metric.ts';
import type { OwnCode } from './own-code.ts';
import type { SettingsSchema } from './settings.ts';
import type { StageContext } from './stage-context.ts';
import type { World } from './world.ts';

export type ArtifactKind = 'file' | 'directory';

export interface InputDeclaration {
  readonly artifact: ArtifactKind;
  readonly description: string;
  readonly optional?: boolean;
  /** The input may also be `{each: stage.output}`, and then comes in `context.collections`. */
  readonly collects?: boolean;
}

export interface OutputDeclaration {
  readonly artifact: ArtifactKind;
  /** Where the stage writes it, relative to the attempt's output directory. */
  readonly path: string;
  readonly description: string;
}

/** Something that would make a stage fail, found before anything was started. */
export interface Problem {
  readonly message: string;
  /** What to do next: a command, a setting, a variable. */
  readonly hint?: string;
}

/** Something wrong with the settings of a stage that their schema cannot say. */
export interface SettingProblem extends Problem {
  /** Stable name of the rule. */
  readonly code: string;
  /** The setting, below `with`. */
  readonly path: readonly string[];
  /** The part of its text that is meant; all of it where absent. */
  readonly at?: { readonly offset: number; readonly length: number };
  /** A name that is unknown: the hint is made of those that are known. */
  readonly meant?: { readonly name: string; readonly known: readonly string[]; readonly what: string };
}

export interface PreflightContext extends World {
  /** Sizes in bytes of the inputs that are known already (their producers are hits), by input name. */
  readonly inputBytes: Readonly<Record<string, number | undefined>>;
}

/** Digests of what a stage fetched, and where in its settings they are written as `sha256`. */
export interface Pin {
  /** Names of the settings around it; empty directly under `with`. */
  readonly under: readonly string[];
  /** Of one file, or of several by their names. */
  readonly sha256: string | Readonly<Record<string, string>>;
}

export interface ObserveContext extends World {
  /** Only in the stage's process: it waits for what does not answer, and warns. A planner does not wait. */
  readonly warn?: StageContext<unknown>['warn'];
}

/**
 * What a stage type tells the planner and the runner, and the work itself. Declarations must stay cheap to
 * import: everything heavy (TensorFlow.js, tokenizers, network clients) is imported inside `run`,
 * `preflight` and `observe`.
 */
export interface StageType<Schema extends SettingsSchema = SettingsSchema> {
  /** The name that a pipeline gives under `uses`. */
  readonly uses: string;
  /**
   * Implementation version: bumped by hand whenever the same action would give other bytes. Where only some settings give
   * other bytes it depends on them, so that all other results are still hits.
   */
  readonly version: number | string | ((settings: Static<Schema>) => number);
  /** The name in the action key, where that is not `uses`. */
  readonly keyedAs?: string;
  /** Where the code is, for a stage of the user's own. Its version is a digest. */
  readonly own?: OwnCode;
  readonly summary: string;
  /** A stage of the type as a pipeline file has it, for the reference. The examples of all types are one pipeline. */
  readonly example?: string;
  readonly settings: Schema;
  /** Declared inputs, or `any`: the stage takes whatever inputs the pipeline gives it. */
  readonly inputs: Readonly<Record<string, InputDeclaration>> | 'any';
  /**
   * What is wrong with settings that fit the schema, found when the pipeline is read. Looks at nothing but the settings. What
   * costs to load is imported inside.
   */
  checkSettings?(settings: Static<Schema>): Promise<readonly SettingProblem[]>;
  /** The outputs that a stage with these (resolved) settings has, by name. */
  outputs(settings: Static<Schema>): Readonly<Record<string, OutputDeclaration>>;
  /**
   * What its results can be compared by, the most important first. Where it depends on settings, these must all count in
   * the action key: they may come from a record, where a setting at its legacy value is absent.
   */
  readonly metrics?: readonly Metric[] | ((settings: JsonObject) => readonly Metric[]);
  /**
   * Inputs are opened where they are stored (default), or copied into the attempt's directory for a program that
   * is not ours; its process then sees of the environment only what the pipeline declares.
   */
  readonly inputAccess?: 'in-place' | 'copy';
  /** Texts of the settings that programs get as they are. A path in them is read although it is no input. */
  programTexts?(settings: Static<Schema>): readonly string[];
  /** True where the stage computes with tensors and needs an engine. */
  readonly tensors?: boolean;
  /** At most this many stages of the type run at once (`train`: 1); unlimited when absent. */
  readonly atMost?: number;
  /** Disk space in bytes that an attempt needs beyond its inputs, checked before it starts. */
  diskBytes?(settings: Static<Schema>, inputBytes: PreflightContext['inputBytes']): number;
  /** Bytes that a stage with these settings, and inputs of these names, downloads at most, where settings tell. */
  downloadBytes?(settings: Static<Schema>, inputs: readonly string[]): number | 'unknown';
  /** Checks in advance what the stage will need; no problem is an empty list. Never throws. */
  preflight?(settings: Static<Schema>, context: PreflightContext): Promise<readonly Problem[]>;
  /**
   * Facts of the outside world that decide the result (the digest of the judge's model). Asked before and
   * after the work, which must agree, and again on a would-be hit. Throws when they cannot be had.
   */
  observe?(settings: Static<Schema>, context: ObserveContext): Promise<JsonObject>;
  /** Whether a stage with these settings, and inputs of these names, fetches something that no digest pins. */
  fetchesUnpinned?(settings: Static<Schema>, inputs: readonly string[]): boolean;
  /**
   * The digests of what it fetched, from the digests of its outputs and the facts that it told when it was done. None where it told
   * none.
   */
  pins?(
    settings: Static<Schema>,
    done: { readonly outputs: Readonly<Record<string, string>>; readonly facts: Json | undefined },
  ): readonly Pin[];
  /** Does the work in the stage's own process. Throws StageError for what a user can fix. */
  run(context: StageContext<Static<Schema>>): Promise<void>;
}

/** The implementation version of a stage type for a stage with these settings. */
export function versionOf<Schema extends SettingsSchema>(
  { version }: Pick<StageType<Schema>, 'version'>,
  settings: Static<Schema>,
): number | string {
  return typeof version === 'function' ? version(settings) : version;
}

/** What a stage with these settings can be compared by. They may be those of a record's manifest. */
export function metricsOf(
  { metrics = [] }: Pick<StageType, 'metrics'>,
  settings: JsonObject,
): readonly Metric[] {
  return typeof metrics === 'function' ? metrics(settings) : metrics;
}

/** Ties the types of settings, outputs and run together; returns its argument. */
export function defineStage<Schema extends SettingsSchema>(type: StageType<Schema>): StageType<Schema> {
  return type;
}
