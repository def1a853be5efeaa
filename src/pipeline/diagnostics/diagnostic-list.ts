import { concealCredentials } from '../resolve/url-credentials.ts';
import type { Diagnostic, Place } from './diagnostic.ts';
import { shownText } from './shown-text.ts';
import { concealWritten } from './written-credentials.ts';

/** Nobody reads more, and a hostile file has no end of them. */
const MOST_KEPT = 1000;

/**
 * Collects what is wrong. A place that already has a diagnostic gets no second one from a later check:
 * a template that names no parameter should not also be a value of the wrong type.
 */
export class DiagnosticList {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #known = new Set<string>();

  get isEmpty(): boolean {
    return this.#diagnostics.length === 0;
  }

  /** Whether nothing is added any more. */
  get isFull(): boolean {
    return this.#diagnostics.length >= MOST_KEPT;
  }

  get size(): number {
    return this.#diagnostics.length;
  }

  /** Adds a diagnostic, unless the same one is there already (variants share most of their stages). */
  add(diagnostic: Diagnostic): void {
    if (this.isFull) return;
    const { code, place, hint } = diagnostic;
    const message = fitWords(diagnostic.message);
    const identity = JSON.stringify([code, message, place.file, place.offset, place.length]);
    if (this.#known.has(identity)) return;
    this.#known.add(identity);
    const words = hint === undefined ? { message } : { message, hint: fitWords(hint) };
    this.#diagnostics.push({ ...diagnostic, ...words });
  }

  /** Whether something is reported inside `place` already. */
  covers(place: Place): boolean {
    return this.#diagnostics.some(
      (other) =>
        other.place.file === place.file &&
        other.place.offset >= place.offset &&
        other.place.offset + other.place.length <= place.offset + place.length,
    );
  }

  /** All of them: files in the order given (others after, by name), then by place. */
  sorted(files: readonly string[]): readonly Diagnostic[] {
    const rank = (file: string) => (files.includes(file) ? files.indexOf(file) : files.length);
    return [...this.#diagnostics].sort(
      (a, b) =>
        rank(a.place.file) - rank(b.place.file) ||
        a.place.offset - b.place.offset ||
        (a.message < b.message ? -1 : 1),
    );
  }
}

/** Words that hold what users wrote, fit to be shown. */
function fitWords(words: string): string {
  return shownText(concealWritten(concealCredentials(words)));
}
