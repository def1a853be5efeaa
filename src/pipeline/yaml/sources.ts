import { statSync } from 'node:fs';
import type { Place } from '../diagnostics/diagnostic.ts';
import { readText } from './read-text.ts';

/** What is at a path; `nothing` also if that cannot be found out. */
export type PathKind = 'file' | 'directory' | 'nothing';

/** The texts that a pipeline is made of, by absolute path or label, each read once. */
export class Sources {
  readonly texts = new Map<string, string>();
  /** The paths that were only looked at, and what lay there: the pipeline depends on that as well. */
  readonly seen = new Map<string, PathKind>();
  readonly #paths: string[] = [];

  /** Absolute paths of the files that were read, in the order of reading. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** Text of a file; throws what `readText` throws. */
  read(path: string): string {
    const known = this.texts.get(path);
    if (known !== undefined) return known;
    const text = this.#textOf(path);
    this.texts.set(path, text);
    this.#paths.push(path);
    return text;
  }

  #textOf(path: string): string {
    try {
      return readText(path);
    } catch (error) {
      this.kindOf(path); // whoever waits for the pipeline to become right waits for this file as well
      throw error;
    }
  }

  /** What is at an absolute path. */
  kindOf(path: string): PathKind {
    const kind = kindOf(path);
    this.seen.set(path, kind);
    return kind;
  }

  /** Adds a text that is no file, such as the command line's overrides. */
  add(label: string, text: string): void {
    this.texts.set(label, text);
  }

  /**
   * The part of `place` that holds `words` literally, after `before` others that do, or all of it (an escape may hide them).
   */
  narrow(place: Place, words: string, before = 0): Place {
    const text = this.texts.get(place.file)?.slice(place.offset, place.offset + place.length) ?? '';
    let found = text.indexOf(words);
    for (let passed = 0; passed < before && found >= 0; passed++)
      found = text.indexOf(words, found + words.length);
    if (found < 0) return place;
    return { file: place.file, offset: place.offset + found, length: words.length };
  }
}

/** What is at a path now. */
export function kindOf(path: string): PathKind {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'file';
  } catch {
    return 'nothing';
  }
}
