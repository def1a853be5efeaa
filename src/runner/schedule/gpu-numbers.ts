type Environment = Readonly<Record<string, string | undefined>>;

/** The variable by which CUDA, and what is built on it, knows the GPUs that a process may use. */
export const GPU_VARIABLE = 'CUDA_VISIBLE_DEVICES';

/** A number, or the beginning of a name as `nvidia-smi -L` lists it. */
const GPU_NAME = /^(\d+$|GPU-|MIG-)/;

/**
 * The GPUs that stages can be given, as CUDA names them: those that the user has left visible, else all `count`. As in CUDA
 * the first text that names no GPU (-1, none, NoDevFiles) ends the list. CUDA C++ Programming Guide, "CUDA Environment Variables".
 */
export function visibleGpus(environment: Environment, count: number): readonly string[] {
  const given = environment[GPU_VARIABLE];
  if (given === undefined) return Array.from({ length: count }, (_, index) => String(index));
  const names = given.split(',').map((name) => name.trim());
  const end = names.findIndex((name) => !GPU_NAME.test(name));
  return [...new Set(end === -1 ? names : names.slice(0, end))];
}

/** Which GPUs are free. The schedule sees to it that never more are taken than there are. */
export class GpuNumbers {
  readonly #free: string[];

  constructor(names: readonly string[]) {
    this.#free = [...names];
  }

  /** Takes as many as asked for, or all that are free. */
  take(count: number): readonly string[] {
    return this.#free.splice(0, count);
  }

  giveBack(names: readonly string[]): void {
    this.#free.unshift(...names);
  }
}
