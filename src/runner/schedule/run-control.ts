import { setMaxListeners } from 'node:events';

/** How a run is stopped from outside: asked first, made to when asked again. */
export class RunControl {
  readonly #cancelled = new AbortController();
  readonly #killed = new AbortController();

  constructor() {
    // Every stage that runs listens, a thousand of a queue too: Node would take more than ten for a leak.
    setMaxListeners(0, this.#cancelled.signal, this.#killed.signal);
  }

  /** Aborted by the first interrupt: nothing new is started, and what runs may write a checkpoint. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Aborted by the second: what runs is killed. */
  get killed(): AbortSignal {
    return this.#killed.signal;
  }

  /** What a terminal's Ctrl-C, SIGINT and SIGTERM call. */
  interrupt(): void {
    if (this.#cancelled.signal.aborted) this.#killed.abort();
    this.#cancelled.abort();
  }
}
