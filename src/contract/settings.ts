import type { TObject, TSchema } from 'typebox';

/**
 * Marks that a stage type puts on the properties of its settings schema (as TypeBox options). They are
 * ajv keywords with meta-schemas of their own, so a misspelt mark fails when the schema is compiled.
 */
export interface SettingMarks {
  /**
   * `result`: the setting decides the bytes of the outputs and is part of the action key.
   * `execution`: it decides only how the work is done (an endpoint, a concurrency) and is not.
   * Properties of a nested object take the mark of their parent unless they have their own.
   */
  readonly affects?: 'result' | 'execution';
  /** Name of a sibling setting; where that is set, this one is `execution` (the URL of a pinned download). */
  readonly pinnedBy?: string;
  /**
   * The value that stands for the behaviour before this setting existed. A setting at its legacy value is
   * left out of the action key, so that adding a setting does not make every old result stale.
   */
  readonly legacy?: unknown;
  /**
   * The setting is a named piece: a string names `configs/<piece>/<name>.yaml`; an object with `use: <name>`
   * takes that file with the other keys laid over it; any other object stands for itself.
   */
  readonly piece?: 'models' | 'prompts' | 'judges' | 'executors';
  /**
   * Items of a list, or values of a map, are texts: numbers and truth values become the text that the file spells them
   * with (`1.50`, `True`).
   */
  readonly asWritten?: true;
  /** Documentation-only default shown where the real one is computed. */
  readonly description?: string;
}

export type SettingsSchema = TObject;
export type AnySchema = TSchema & SettingMarks;

/** What a setting is for, as its schema says; empty where it says nothing. */
export function descriptionOf({ description }: AnySchema): string {
  return description ?? '';
}
