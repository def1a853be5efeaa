import { ModelFileError } from '../model-file-error.ts';
import { shown } from '../tokenizer/folder-vocabulary.ts';
import type { GgufElement, GgufValue } from './gguf.ts';

/** What a GGUF file says by its keys. A value that is missing or of another type is a ModelFileError that names the key. */
export class GgufMetadata {
  /** Of the file, as messages call it. */
  readonly file: string;
  readonly #values: ReadonlyMap<string, GgufValue>;

  constructor(file: string, values: ReadonlyMap<string, GgufValue>) {
    this.file = file;
    this.#values = values;
  }

  /** Whether the file says something under a key. */
  has(key: string): boolean {
    return this.#values.has(key);
  }

  text(key: string): string {
    return this.#single(key, isText, 'a text');
  }

  /** An integer or a float, whatever its size. */
  number(key: string): number {
    return this.#single(key, isNumber, 'a number');
  }

  /**
   * A number as somebody wrote it before it became a float32: the shortest decimal number that becomes the same one. 1e-5 is
   * 0.000009999999747378752 in a file.
   */
  decimal(key: string): number {
    const value = this.number(key);
    if (this.#values.get(key)?.type !== 'float32' || !Number.isFinite(value)) return value;
    for (let digits = 1; digits < 9; digits++) {
      const short = Number(value.toPrecision(digits));
      if (Math.fround(short) === value) return short;
    }
    return value;
  }

  flag(key: string): boolean {
    return this.#single(key, isFlag, 'true or false');
  }

  texts(key: string): readonly string[] {
    return this.#list(key, isText, 'a list of texts');
  }

  numbers(key: string): readonly number[] {
    return this.#list(key, isNumber, 'a list of numbers');
  }

  #single<Value extends GgufElement>(
    key: string,
    accepts: (value: unknown) => value is Value,
    expected: string,
  ): Value {
    const found = this.#found(key, expected);
    if (accepts(found.value)) return found.value;
    throw this.#wrong(key, found, expected);
  }

  #list<Value extends GgufElement>(
    key: string,
    accepts: (value: unknown) => value is Value,
    expected: string,
  ): readonly Value[] {
    const found = this.#found(key, expected);
    if (found.type === 'array' && found.value.every(accepts)) return found.value;
    throw this.#wrong(key, found, expected);
  }

  #found(key: string, expected: string): GgufValue {
    const found = this.#values.get(key);
    if (found !== undefined) return found;
    throw ModelFileError.of(this.file, `there is no key ${key}, expected ${expected}`);
  }

  #wrong(key: string, { type, value }: GgufValue, expected: string): ModelFileError {
    const found = type === 'array' ? 'an array' : `${shown(String(value))} (${type})`;
    return ModelFileError.of(this.file, `${key} is ${found}, expected ${expected}`);
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
