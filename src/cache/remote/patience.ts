/** How long a store may take, in milliseconds. */
export class Patience {
  readonly #answerMs: number;
  /** While bytes are transferred. */
  readonly silenceMs: number;

  /** `answerMs`: for an answer that is small. */
  constructor(answerMs = 10_000, silenceMs = 30_000) {
    this.#answerMs = answerMs;
    this.silenceMs = silenceMs;
  }

  /** How to ask for an answer that is small. */
  shortly(): { readonly signal: AbortSignal } {
    return { signal: AbortSignal.timeout(this.#answerMs) };
  }
}
