// What a stage of one's own imports from `@pipe-ml/pipe/stage`. Its types are published as they stand here, so this file imports none.

/** The form of a setting: JSON Schema, as far as pipe reads it. One without `default` must be given, unless it is `optional`. */
export interface SettingSchema {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';
  /** For people: messages and the editor show it. */
  readonly description?: string;
  /** The value where the pipeline gives none. */
  readonly default?: unknown;
  /** The setting may be left out, and is undefined then. */
  readonly optional?: boolean;
  /**
   * `result`, the default: another value is another result, so the stage runs again. `execution`: it decides only how the
   * work is done (how many at once), and changes nothing.
   */
  readonly affects?: 'result' | 'execution';
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly const?: string | number | boolean | null;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: SettingSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SettingSchema;
  readonly examples?: readonly unknown[];
}

/** The type of a value that fits a schema. */
export type ValueOf<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly type: 'string' }
      ? string
      : Schema extends { readonly type: 'number' | 'integer' }
        ? number
        : Schema extends { readonly type: 'boolean' }
          ? boolean
          : Schema extends { readonly type: 'null' }
            ? null
            : Schema extends { readonly type: 'array'; readonly items: infer Item }
              ? readonly ValueOf<Item>[]
              : Schema extends { readonly type: 'object'; readonly properties: infer Properties }
                ? { readonly [Name in keyof Properties]?: ValueOf<Properties[Name]> }
                : unknown;

export type SettingsOf<Settings> = {
  readonly [Name in keyof Settings]: Settings[Name] extends { readonly optional: true }
    ? ValueOf<Settings[Name]> | undefined
    : ValueOf<Settings[Name]>;
};

export interface InputOfStage {
  readonly artifact: 'file' | 'directory';
  readonly description: string;
  /** The pipeline may leave it out; `context.inputs` lacks it then. */
  readonly optional?: boolean;
  /** The input may also be `{each: stage.output}`, and then comes in `context.collections`. */
  readonly collects?: boolean;
}

export interface OutputOfStage {
  readonly artifact: 'file' | 'directory';
  readonly description: string;
}

/** A metric that `pipe compare` and `fail_if` read. */
export interface MetricOfStage {
  /** Unit of a difference, in the plural. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly description?: string;
  /** Bounds of a value, where there are some. */
  readonly scale?: { readonly low: number; readonly high: number };
}

/**
 * A rule about several settings, which no schema of one can say. It is data, because it is checked when a pipeline is read,
 * where no code of a stage runs.
 */
export type SettingsCheck =
  /** Where both are given, `setting` is in this relation to `other`. */
  | {
      readonly setting: string;
      readonly is: '<' | '<=' | '!=';
      readonly other: string;
      readonly hint?: string;
    }
  /** One of these settings is given, and no more than one. */
  | { readonly oneOf: readonly string[]; readonly hint?: string };

export interface ReadArtifact {
  /** The sha256 of what it holds. */
  readonly digest: string;
  /** Absolute path of a private copy. */
  readonly path: string;
  /** Absolute path of one file of a directory, or undefined where it has no such file. */
  file(relativePath: string): string | undefined;
  /** Relative paths of a directory's files, sorted; of a file: empty. */
  readonly files: readonly string[];
}

/** What `run` is given. */
export interface OwnStageContext<Settings> {
  readonly settings: Settings;
  readonly inputs: Readonly<Record<string, ReadArtifact>>;
  /** Inputs given as `{each: stage.output}`: label of the variant -> artifact. */
  readonly collections: Readonly<Record<string, ReadonlyMap<string, ReadArtifact>>>;
  /** Absolute paths to write the outputs to, by name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** For checkpoints and finished items: kept when the stage fails. */
  readonly workDirectory: string;
  /** Work directories of earlier unfinished attempts of the same work, newest first. */
  readonly earlierWorkDirectories: readonly string[];
  /** For what nobody needs when the stage has ended. */
  readonly scratchDirectory: string;
  /** Aborted when the run is cancelled: write a checkpoint, and throw `signal.reason`. */
  readonly signal: AbortSignal;
  /** The variables that the pipeline declares for the stage. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The value of a variable that the pipeline declares under `secrets`. */
  secret(name: string): string | undefined;
  /** How far the work is. `total` is null where it cannot be known. */
  progress(progress: {
    readonly done: number;
    readonly total: number | null;
    readonly unit: string;
    readonly metrics?: Readonly<Record<string, number | string>>;
  }): void;
  log(message: string): void;
  /** Something to know of the result: a hit shows it again. */
  warn(message: string, hint?: string): void;
  /**
   * A measured value; null where it could not be had. Of a declared metric the last one counts, or the mean of those of
   * all items, if it is given with the name of one.
   */
  metric(name: string, value: number | null, item?: string | number): void;
}

export interface OwnStage<Settings> {
  /** The version of this interface. */
  readonly apiVersion: 1;
  readonly summary?: string;
  /** The settings by name; `with` of the pipeline gives them. */
  readonly settings?: Settings;
  readonly inputs?: Readonly<Record<string, InputOfStage>>;
  readonly outputs?: Readonly<Record<string, OutputOfStage>>;
  /** What the stage measures, the most important first; the output `metrics` holds the values. */
  readonly metrics?: Readonly<Record<string, MetricOfStage>>;
  readonly checks?: readonly SettingsCheck[];
  /** Does the work, in a process of its own. Throw a StageError for what a user can fix. */
  run(context: OwnStageContext<SettingsOf<Settings>>): Promise<void> | void;
}

/** Ties the types of a stage together; returns its argument. */
export function defineStage<const Settings extends Readonly<Record<string, SettingSchema>>>(
  stage: OwnStage<Settings>,
): OwnStage<Settings> {
  return stage;
}

/** A failure that the user of a stage can fix: its message and hint are shown without a stack. */
export class StageError extends Error {
  override readonly name: string = 'StageError';
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
