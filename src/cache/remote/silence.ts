/** A connection that is slower than this brings nothing to an end. */
const LEAST_BYTES_PER_SECOND = 1_000;

/** Ends a transfer of which next to nothing arrives, or when an outer signal ends it. */
export class Silence {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  #moved = 0;

  /** `longestMs`: how long it may be silent. */
  constructor(longestMs: number, outer?: AbortSignal) {
    this.#outer = outer;
    if (outer?.aborted) this.#end();
    outer?.addEventListener('abort', this.#end);
    const least = (LEAST_BYTES_PER_SECOND * longestMs) / 1000;
    this.#timer = setInterval(() => {
      if (this.#moved < least) this.#controller.abort(new Error(silent(this.#moved, longestMs)));
      this.#moved = 0;
    }, longestMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Says that bytes have arrived or left. */
  moved(bytes: number): void {
    this.#moved += bytes;
  }

  /** The transfer is over. */
  over(): void {
    clearInterval(this.#timer);
    this.#outer?.removeEventListener('abort', this.#end);
  }

  readonly #end = () => this.#controller.abort(this.#outer?.reason);
}

function silent(bytes: number, ms: number): string {
  return `${bytes === 0 ? 'nothing' : `only ${bytes} bytes`} moved for ${ms / 1000} s`;
}
