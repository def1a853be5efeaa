import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import { type Digest, digestOfBytes } from '../../files/digest.ts';

/** Bumped when the key is made of other things; every older record then becomes a miss. */
export const KEY_FORMAT = 1;

/**
 * Everything that determines the result of an action, in clear. It is hashed to make the key and stored with
 * the record, so the key and the explanation of why it changed cannot drift apart.
 */
export interface KeyManifest {
  readonly format: typeof KEY_FORMAT;
  /** The stage type's `uses`; `own` for every stage of the user's own. */
  readonly type: string;
  /** The stage type's implementation version; of an own stage, the digest of its code and packages. */
  readonly version: number | string;
  /** Only the settings that decide the result (see keyed-settings.ts). */
  readonly settings: JsonObject;
  /** Digest of each input; of a collection, the digest for each variant label. */
  readonly inputs: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  /**
   * Single files among the inputs that their owner may run, by the name under which the stage sees them; absent where there
   * are none, and for stages that only read their inputs. What a folder holds has it in its digest.
   */
  readonly executable?: Readonly<Record<string, true>>;
  /** Values of the variables that the pipeline declares under `env`. */
  readonly env: Readonly<Record<string, string>>;
}

/** The action key: SHA-256 of the manifest's canonical JSON. Throws a TypeError for what JSON cannot hold. */
export function actionKey(manifest: KeyManifest): Digest {
  // Field by field: a property that some caller's object has besides must not slip into the key.
  const { format, type, version, settings, inputs, executable, env } = manifest;
  const common = { format, type, version, settings, inputs, env };
  return digestOfBytes(canonicalJson(executable === undefined ? common : { ...common, executable }));
}
