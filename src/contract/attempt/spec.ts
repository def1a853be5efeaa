import type { EngineName } from '../engine-name.ts';
import type { JsonObject } from '../json.ts';
import type { OwnCode } from '../own-code.ts';
import type { ArtifactKind } from '../stage-type.ts';

/** Version of `spec.json`, the file that tells a stage's process what to do. */
export const SPEC_VERSION = 3;

export type SpecInput =
  | { readonly artifact: 'file'; readonly digest: string; readonly path: string }
  /** `files`: relative path -> absolute path of the stored blob; `path` only where the input was copied. */
  | {
      readonly artifact: 'directory';
      readonly digest: string;
      readonly files: Readonly<Record<string, string>>;
      readonly path?: string;
    };

/** An artifact by its digest alone, wherever its bytes are. */
export interface SpecArtifact {
  readonly artifact: ArtifactKind;
  readonly digest: string;
  readonly bytes: number;
  readonly executable?: true;
}

/** Inputs that the machine of the process has to bring first, by the names that they then have under `inputs`. */
export interface InputsToBring {
  /** `copy`: each is a writable copy of the stage's own. */
  readonly access: 'in-place' | 'copy';
  readonly inputs: Readonly<Record<string, SpecArtifact>>;
  readonly collections: Readonly<Record<string, Readonly<Record<string, SpecArtifact>>>>;
}

/**
 * The whole order to a stage's process, written as `spec.json` into the attempt's directory. It holds no
 * secret (those travel in the environment) and assumes no shared memory, so that an executor may run it on
 * another machine.
 */
export interface StageSpec {
  readonly spec: typeof SPEC_VERSION;
  readonly uses: string;
  /** Implementation version of the stage type that the key counts on. */
  readonly version?: number | string;
  /** Where its code is, if it is a stage of the user's own. */
  readonly own?: OwnCode;
  /** Action key; the runner holds the action's lock. */
  readonly key: string;
  readonly attempt: string;
  readonly settings: JsonObject;
  readonly inputs: Readonly<Record<string, SpecInput>>;
  readonly collections: Readonly<Record<string, Readonly<Record<string, SpecInput>>>>;
  /** Where runner and process share no folder; `inputs` and `collections` are empty until all of it is there. */
  readonly toBring?: InputsToBring;
  readonly outputs: Readonly<Record<string, { readonly artifact: ArtifactKind; readonly path: string }>>;
  /** Holds spec.json, events.ndjson, result.json, `inputs/` (copies), `outputs/`, `scratch/`, `work/` and, on cancelling, `cancel`. */
  readonly attemptDirectory: string;
  readonly earlierWorkDirectories: readonly string[];
  /** Where answers are kept that any stage may ask for again. */
  readonly itemsDirectory: string;
  /** Names of the variables whose values must not be seen; the process hides them in all that it tells. */
  readonly secrets: readonly string[];
  readonly engine: EngineName | null;
  /** The process chooses the engine by itself, because the runner is on another machine; `engine` is null then. */
  readonly engineWanted?: EngineName | 'auto';
  /** The user named that engine, rather than leaving the choice to `auto`. */
  readonly engineByName?: boolean;
}
