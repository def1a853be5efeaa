import type { Diagnostic, Place } from './diagnostic.ts';

/**
 * Collects what is wrong. A place that already has a diagnostic gets no second one from a later check:
 * a template that names no parameter should not also be a value of the wrong type.
 */
export class DiagnosticList {
  readonly #diagnostics: Diagnostic[] = [];

  get isEmpty(): boolean {
    return this.#diagnostics.length === 0;
  }

  get size(): number {
    return this.#diagnostics.length;
  }

  /** Adds a diagnostic, unless the same one is there already (variants share most of their stages). */
  add(diagnostic: Diagnostic): void {
    const same = this.#diagnostics.some(
      (other) =>
        other.code === diagnostic.code &&
        other.message === diagnostic.message &&
        samePlace(other.place, diagnostic.place),
    );
    if (!same) this.#diagnostics.push(diagnostic);
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

function samePlace(a: Place, b: Place): boolean {
  return a.file === b.file && a.offset === b.offset && a.length === b.length;
}
