import type { JsonObject } from '../../contract/json.ts';
import type { OutputDeclaration, StageType } from '../../contract/stage-type.ts';
import type { Place } from '../diagnostics/diagnostic.ts';
import type { ExecutionSettings } from '../pipeline.ts';

/** One stage for one variant, as far as it could be understood: what was wrong is undefined and reported. */
export interface StageDraft {
  readonly name: string;
  /** Place of the name. */
  readonly key: Place;
  readonly type: StageType | undefined;
  readonly settings: JsonObject | undefined;
  readonly outputs: Readonly<Record<string, OutputDeclaration>> | undefined;
  readonly inputs: ReadonlyMap<string, InputReference> | undefined;
  readonly env: readonly string[];
  readonly envValues?: Readonly<Record<string, string>>;
  readonly pass?: readonly string[];
  readonly secrets: readonly string[];
  readonly groups: readonly string[];
  readonly execution: ExecutionSettings;
  /** The place of a `when` that is false: the pipeline has no such stage here, and nothing else of it was looked at. */
  readonly leftOut?: Place;
}

/** An input as the file gives it. */
export type InputReference = { readonly key: Place; readonly place: Place } & (
  | {
      readonly kind: 'output' | 'each';
      readonly stage: string;
      readonly output: string;
      readonly optional?: true;
    }
  | { readonly kind: 'file'; readonly path: string; readonly exclude?: readonly string[] }
);
