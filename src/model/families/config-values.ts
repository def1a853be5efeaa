import { ModelFileError } from '../files/model-file-error.ts';
import type { ModelShape } from './model-shape.ts';

/** Beyond any model: a forged number must not make an endless table of parameters. */
const MAX_LAYERS = 10_000;

/** Reads the values of a config.json, each with what it must be. All throw ModelFileError that names the file and the setting. */
export class ConfigValues {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #file: string;

  constructor(values: Readonly<Record<string, unknown>>, file: string) {
    this.#values = values;
    this.#file = file;
  }

  value(name: string): unknown {
    return this.#values[name];
  }

  /** Whether the file says something; null is nothing. */
  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  size(name: string): number {
    return this.#number(name, (value) => Number.isSafeInteger(value) && value > 0, 'a positive integer');
  }

  /** How many blocks there are. */
  layers(name: string): number {
    const layers = this.size(name);
    if (layers > MAX_LAYERS) throw this.error(`${name} is ${layers}, at most ${MAX_LAYERS} are supported`);
    return layers;
  }

  positive(name: string): number {
    return this.#number(name, (value) => value > 0 && value < Infinity, 'a positive number');
  }

  /** The one of these that the file names, where it names any. */
  checkOneOf(name: string, allowed: readonly unknown[]): void {
    const found = this.#values[name];
    if (found === undefined || allowed.includes(found)) return;
    const known = allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(' or ');
    throw this.error(`${name} is ${JSON.stringify(found)}, only ${known} is supported`);
  }

  /** A token id, or a list of them: any of these ends a reply, and the first one separates texts. */
  endsOfText(otherwise?: number): Pick<ModelShape, 'eos_token_id' | 'eos_token_ids'> {
    const value = this.#values.eos_token_id ?? otherwise;
    const ids: unknown[] = [...new Set(Array.isArray(value) ? value : [value])];
    const [first, ...more] = ids.filter((id): id is number => Number.isSafeInteger(id) && Number(id) >= 0);
    if (first === undefined || more.length + 1 < ids.length)
      throw this.error(`eos_token_id is ${JSON.stringify(value)}, expected a token id, or a list of them`);
    return { eos_token_id: first, ...(more.length > 0 && { eos_token_ids: [first, ...more] }) };
  }

  error(problem: string, hint?: string): ModelFileError {
    return ModelFileError.of(this.#file, problem, hint);
  }

  #number(name: string, accept: (value: number) => boolean, expected: string): number {
    const value = this.#values[name];
    if (typeof value === 'number' && accept(value)) return value;
    throw this.error(`${name} is ${JSON.stringify(value)}, expected ${expected}`);
  }
}
