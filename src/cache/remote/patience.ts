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
    const end = new AbortController();
    const giveUp = () => end.abort(new Error(`no answer for ${this.#answerMs / 1000} s`));
    setTimeout(giveUp, this.#answerMs).unref();
    return end;
  }
}
