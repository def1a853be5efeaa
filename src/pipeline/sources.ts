import { readFileSync } from 'node:fs';
import type { Place } from './diagnostic.ts';

/** The texts that a pipeline is made of, by absolute path or label, each read once. */
export class Sources {
  readonly texts = new Map<string, string>();
  readonly #paths: string[] = [];

  /** Absolute paths of the files that were read, in the order of reading. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** Text of a file; throws what `readFileSync` throws. */
  read(path: string): string {
    const known = this.texts.get(path);
    if (known !== undefined) return known;
    const text = readFileSync(path, 'utf8');
    this.texts.set(path, text);
    this.#paths.push(path);
    return text;
  }

  /** Adds a text that is no file, such as the command line's overrides. */
  add(label: string, text: string): void {
    this.texts.set(label, text);
  }

  /** The part of `place` that holds `words` literally, or all of it (an escape may hide them). */
  narrow(place: Place, words: string): Place {
    const text = this.texts.get(place.file)?.slice(place.offset, place.offset + place.length);
    const found = text?.indexOf(words) ?? -1;
    if (found < 0) return place;
    return { file: place.file, offset: place.offset + found, length: words.length };
  }
}
