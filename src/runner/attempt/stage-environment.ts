import type { Stage } from '../../pipeline/pipeline.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What any program needs to find others, its user's files, and its language. */
const ALWAYS_PASSED = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/**
 * For a process that computes with tensors: glibc's allocator keeps what it was given. By default it takes each large
 * array from the system and returns it when it is freed, so every intermediate result of every step costs page faults,
 * a fifth of the time of a training step (docs/performance.md). Elsewhere than on glibc nothing reads this. glibc(3),
 * "Memory Allocation Tunables"
 */
export const TENSOR_MEMORY = {
  GLIBC_TUNABLES: [
    'glibc.malloc.mmap_max=0', // large arrays too come from the heap,
    `glibc.malloc.trim_threshold=${2 ** 40}`, // which never shrinks
    `glibc.malloc.top_pad=${2 ** 26}`, // and grows in steps of 64 MiB
    'glibc.malloc.arena_max=1', // for every thread: one heap that fits all is the smallest,
    'glibc.malloc.tcache_count=0', // and no thread keeps back a bit of a long piece that is then too short
  ].join(':'),
} as const;

/**
 * The environment of a stage's process. A stage type that gets copies of its inputs runs programs that are not
 * ours: of the environment they see what the pipeline declares, so that no other variable can decide a result.
 * Our own stage types take settings only, and need the rest for proxies, certificates and drivers; those that compute
 * with tensors get `TENSOR_MEMORY` where the user has not set the variable.
 */
export function stageEnvironment(stage: Stage, environment: Environment): Record<string, string> {
  const names =
    stage.type.inputAccess === 'copy'
      ? [...ALWAYS_PASSED, ...declaredVariables(stage)]
      : Object.keys(environment);
  const passed = Object.fromEntries(
    names.flatMap((name) => {
      const value = variableOf(environment, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return { ...(stage.type.tensors && TENSOR_MEMORY), ...passed, ...stage.envValues };
}

/** Names of all variables that the pipeline declares for a stage. */
export function declaredVariables({ env, pass = [], secrets }: Stage): readonly string[] {
  return [...env, ...pass, ...secrets];
}

/** A variable that is set; `process.env` also has the properties of every object, such as `constructor`. */
export function variableOf(environment: Environment, name: string): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

/** Variables that a stage needs and that are not set. One that is only passed may be missing. */
export function missingVariables(stage: Stage, environment: Environment): string[] {
  const { env, envValues = {}, secrets } = stage;
  const wanted = [...env.filter((name) => !Object.hasOwn(envValues, name)), ...secrets];
  return wanted.filter((name) => variableOf(environment, name) === undefined);
}
