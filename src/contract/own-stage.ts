import type { DeclaredMetrics } from './metric.ts';
import type { OwnCode } from './own-code.ts';
import type { SettingsSchema } from './settings.ts';
import type { ArtifactKind, InputDeclaration } from './stage-type.ts';

/** A rule about several settings, as data. */
export type OwnCheck =
  | {
      readonly setting: string;
      readonly is: '<' | '<=' | '!=';
      readonly other: string;
      readonly hint?: string;
    }
  | { readonly oneOf: readonly string[]; readonly hint?: string };

/** What a stage of the user's own declares, as plain data: the planner never runs its code. */
export interface OwnDeclaration {
  readonly summary: string;
  readonly settings: SettingsSchema;
  readonly inputs: Readonly<Record<string, InputDeclaration>>;
  readonly outputs: Readonly<
    Record<string, { readonly artifact: ArtifactKind; readonly description: string }>
  >;
  readonly metrics: DeclaredMetrics;
  readonly checks: readonly OwnCheck[];
}

/** An own stage that was understood. */
export interface LoadedOwnStage {
  readonly code: OwnCode;
  /** Stands in the action key in place of a built-in type's version: sha256 of the bundle and of its packages. */
  readonly identity: string;
  readonly declaration: OwnDeclaration;
  /** The files that all of this was read from, absolute: sha256 of their texts. */
  readonly files: Readonly<Record<string, string>>;
  /** Paths at which there was nothing: what appears there may be imported instead. */
  readonly absent: readonly string[];
  /** Symbolic links on the way to the files: the path, and the real one. */
  readonly links: Readonly<Record<string, string>>;
}

/** What is wrong with the file of an own stage. */
export interface OwnStageProblem {
  readonly message: string;
  readonly hint?: string;
  /** Line and column count from 1; the length is in UTF-16 code units. */
  readonly at?: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly length: number;
  };
}

/** Understands the own stage in a file (absolute), without running any of its code in this process. */
export type LoadOwnStage = (
  file: string,
) => Promise<LoadedOwnStage | { readonly problems: readonly OwnStageProblem[] }>;

/** The type of all own stages in an action key: neither the name nor the place of its file decides a result. */
export const OWN_STAGE = 'own';

/** Whether `uses` names a file and not a built-in stage type. */
export function isOwnStage(uses: string): boolean {
  return /^(\.{1,2})?\//.test(uses);
}
