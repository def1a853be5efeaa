import type { EngineName } from './engine-name.ts';
import type { Json } from './json.ts';
import type { World } from './world.ts';

/** One input artifact as a stage sees it. The bytes were checked against the digest before the stage began. */
export interface InputArtifact {
  readonly digest: string;
  /** Absolute path of a file artifact. Throws for a directory that is not copied: use `file()`. */
  readonly path: string;
  /** Absolute path of one file of a directory artifact, or undefined where it has no such file. */
  file(relativePath: string): string | undefined;
  /** Relative paths of a directory artifact's files, sorted; of a file artifact: empty. */
  readonly files: readonly string[];
}

/** Takes the values of secrets out of one stream of bytes, also where a value is split across chunks. */
export interface SecretFilter {
  /** What can be passed on: in what is held back a secret may have begun. */
  write(chunk: Uint8Array): Uint8Array;
  /** The rest. */
  end(): Uint8Array;
}

/** What a stage's `run` is given. Nothing else of the world is to be relied upon. */
export interface StageContext<Settings> extends World {
  readonly settings: Settings;
  /** Single inputs by name; an optional input that the pipeline does not give is absent. */
  readonly inputs: Readonly<Record<string, InputArtifact>>;
  /** Inputs given as `{each: stage.output}`: variant label -> artifact. */
  readonly collections: Readonly<Record<string, ReadonlyMap<string, InputArtifact>>>;
  /** Absolute paths to write the outputs to, by name; parent directories exist. */
  readonly outputs: Readonly<Record<string, string>>;
  /** This attempt's directory for checkpoints and finished items; kept when the attempt fails. */
  readonly workDirectory: string;
  /** This attempt's directory for what nobody needs when it has ended, however it ends. */
  readonly scratchDirectory: string;
  /** Work directories of earlier unfinished attempts of the same action, newest first. */
  readonly earlierWorkDirectories: readonly string[];
  /** Fixed engine for this run; present when the stage type has `tensors: true`. */
  readonly engine?: EngineName;
  /** The user named that engine, rather than leaving the choice to `auto`. */
  readonly engineByName?: boolean;
  /** Aborted when the run is cancelled: write a checkpoint and throw `context.signal.reason`. */
  readonly signal: AbortSignal;
  /** How far the work is. `total` is null where it cannot be known. */
  progress(progress: {
    readonly done: number;
    readonly total: number | null;
    readonly unit: string;
    readonly metrics?: Readonly<Record<string, number | string>>;
  }): void;
  log(message: string): void;
  /** A text that a model has generated while it is trained; shown to whoever asks for it. */
  sample(message: string): void;
  /** Something a user should know of how the work goes that does not stop it (a server that is asked again). */
  warn(message: string, hint?: string): void;
  /** Something a user should know of the result (an item on both sides of a split): it is shown again on every hit. */
  warnOfResult(message: string, hint?: string): void;
  /** A measured value that belongs to events and provenance, never to an artifact (tokens per second). */
  metric(name: string, value: number): void;
  /** A fact about how the work was done (the engine's version, the thread count); goes to provenance. */
  fact(name: string, value: Json): void;
  /**
   * The answer to a question whose answer depends on nothing but `key`, from memory if anybody has asked it before: an
   * earlier attempt, another stage, another run. Else that of `compute`; what that throws is never kept.
   */
  memo<Answer extends Json>(key: Json, compute: () => Promise<Answer>): Promise<Answer>;
  /** For what another program prints: replaces the values of the pipeline's secrets by `***NAME***`. */
  secretFilter(): SecretFilter;
}

/** A failure that the user can fix; its message and hint are shown without a stack. */
export class StageError extends Error {
  override readonly name = 'StageError';
  readonly hint: string | undefined;

  /** Stage types are in bundles of their own, each with its copy of this class: the name tells, not the copy. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this method and keep the ordinary test
    if (this !== StageError) return super[Symbol.hasInstance](value);
    return value instanceof Error && value.name === 'StageError';
  }

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
