import type { EngineName } from '../contract/engine-name.ts';
import type { RemoteProfile } from '../contract/executor/executor-profile.ts';
import type { JsonObject } from '../contract/json.ts';
import type { LoadedOwnStage } from '../contract/own-stage.ts';
import type { OutputDeclaration, StageType } from '../contract/stage-type.ts';
import type { Place } from './diagnostics/diagnostic.ts';

/** A pipeline file, checked and resolved: every name points to something, every setting has its value. */
export interface Pipeline {
  readonly name: string;
  /** Absolute path of the file that was given. */
  readonly file: string;
  /** Every file that was read for it, absolute: the pipeline, what it extends, named pieces, code of own stages. */
  readonly files: readonly string[];
  /** The stages of the user's own, by their `uses`; absent without any. */
  readonly ownStages?: Readonly<Record<string, LoadedOwnStage>>;
  readonly params: JsonObject;
  readonly engine: EngineName | 'auto';
  /** How many there are of what stages take as slots, by name. */
  readonly slots: Readonly<Record<string, number>>;
  /** One for each combination of the sweep; a single one with an empty label if there is no sweep. */
  readonly variants: readonly Variant[];
  /** Every stage of every variant, shared ones once, in an order where producers come first. */
  readonly stages: readonly Stage[];
  /** Names of the stages that their `when` leaves out of every variant. */
  readonly leftOut: readonly string[];
}

export interface Variant {
  /** `learning_rate=0.00001,epochs=1`; empty without a sweep. */
  readonly label: string;
  readonly params: JsonObject;
}

export interface Stage {
  /** Unique in the pipeline: the name, and the label of its variant in brackets where variants differ. */
  readonly id: string;
  /** The key under `stages` in the file. */
  readonly name: string;
  /** Names by which stages are chosen together. */
  readonly groups: readonly string[];
  /** Labels of the variants that this stage serves. */
  readonly variants: readonly string[];
  readonly type: StageType;
  /** Settings after pieces, parameters and defaults; all of them, keyed or not. */
  readonly settings: JsonObject;
  readonly inputs: Readonly<Record<string, InputSource>>;
  readonly outputs: Readonly<Record<string, OutputDeclaration>>;
  /** Names of variables that count (values enter the key) and of those that must not be seen. */
  readonly env: readonly string[];
  /** Values of variables that count, where the pipeline gives them. */
  readonly envValues?: Readonly<Record<string, string>>;
  /** Names of variables that do not count. */
  readonly pass?: readonly string[];
  readonly secrets: readonly string[];
  readonly execution: ExecutionSettings;
  readonly place: Place;
}

/** How a stage is run; never part of the action key. */
export interface ExecutionSettings {
  /** Where it runs; on this machine where absent. */
  readonly executor?: RemoteProfile;
  readonly resources: Resources;
  /** Milliseconds; undefined is no limit. */
  readonly timeout: number | undefined;
  /** How often a failed attempt is tried again. */
  readonly retries: number;
  /** It runs in every run. */
  readonly always?: true;
  /** When a run fails although the stage did not; never where absent. */
  readonly failIf?: FailIf;
}

export interface FailIf {
  /** A file of scores (absolute), or a run or git revision. */
  readonly worseThan: { readonly file: string } | { readonly name: string };
  /** Worse by no more than this is good enough. */
  readonly by: number;
  /** How often what is no worse may fail, at most. */
  readonly errorRate: number;
}

export interface Resources {
  readonly cpu: number;
  readonly gpu: number;
  /** Bytes. */
  readonly memory: number;
  /** By name; none where absent. */
  readonly slots?: Readonly<Record<string, number>>;
}

export type InputSource =
  | { readonly kind: 'output'; readonly stage: string; readonly output: string }
  /** A file or directory on disk, absolute. */
  | {
      readonly kind: 'file';
      readonly path: string;
      /** Patterns of what of a directory is left out, besides what programs leave behind; absent: nothing is. */
      readonly exclude?: readonly string[];
      readonly place: Place;
    }
  /** One output over all variants: variant label -> producing stage. `optional`: those that fail are done without. */
  | {
      readonly kind: 'each';
      readonly output: string;
      readonly stages: Readonly<Record<string, string>>;
      readonly optional?: true;
    };
