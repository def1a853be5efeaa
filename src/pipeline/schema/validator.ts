/** One error as ajv gives it, as far as it is used. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Set where a key, not a value, was checked. */
  readonly propertyName?: string;
}

/** Checks a value, filling defaults into it; `errors` holds what was wrong with the last one. */
export interface Validator {
  (value: unknown): unknown;
  errors?: readonly SchemaError[] | null;
}

/** `pipeline`, `stage` and `settings:<uses>` -> validator. */
export type Validators = ReadonlyMap<string, Validator>;

/** Id of the validator of a stage type's settings. */
export function settingsId(uses: string): string {
  return `settings:${uses}`;
}
