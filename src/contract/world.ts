/** The values of environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a stage may look at of the world around it. */
export interface World {
  /** The environment of the stage's process. */
  readonly environment: Environment;
  /** The value of a variable that the pipeline declares under `secrets`; undefined for any other, and for an empty one. */
  secret(name: string): string | undefined;
  readonly signal: AbortSignal;
}

/** The world of a stage that declares these secrets. */
export function worldOf(environment: Environment, secrets: readonly string[], signal: AbortSignal): World {
  return {
    environment,
    secret: (name) => (secrets.includes(name) && environment[name]?.trim()) || undefined,
    signal,
  };
}
