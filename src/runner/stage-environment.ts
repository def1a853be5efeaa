import type { Stage } from '../pipeline/pipeline.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What any program needs to find others, its user's files, and its language. */
const ALWAYS_PASSED = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/**
 * The environment of a stage's process. A stage type that gets copies of its inputs runs programs that are not
 * ours: of the environment they see what the pipeline declares, so that no other variable can decide a result.
 * Our own stage types take settings only, and need the rest for proxies, certificates and drivers.
 */
export function stageEnvironment(stage: Stage, environment: Environment): Record<string, string> {
  const declared = [...ALWAYS_PASSED, ...stage.env, ...stage.secrets];
  const names = stage.type.inputAccess === 'copy' ? declared : Object.keys(environment);
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

/** Variables that a stage declares and that are not set. */
export function missingVariables(stage: Stage, environment: Environment): string[] {
  return [...stage.env, ...stage.secrets].filter((name) => environment[name] === undefined);
}
