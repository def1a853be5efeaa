import { Silence } from './silence.ts';

/** More would share one line, and each would be slower. */
const AT_ONCE = 3;

/** Uploads that go on beside the work, so many at once. What fails is the business of each. */
export class UploadQueue {
  readonly #waiting: (() => Promise<unknown>)[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #end = new AbortController();
  readonly #silenceMs: number;

  /** `silenceMs`: an upload that is silent for so long is given up. */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  add(upload: () => Promise<unknown>): void {
    this.#waiting.push(upload);
    this.#start();
  }

  get waiting(): number {
    return this.#waiting.length + this.#running.size;
  }

  get isEnded(): boolean {
    return this.#end.signal.aborted;
  }

  /** Sends something; ends with the queue, or when it is silent. `onSent` gets the number of bytes as they leave. */
  async send<T>(
    onSent: (bytes: number) => void,
    send: (asking: { readonly signal: AbortSignal; readonly onSent: (bytes: number) => void }) => Promise<T>,
  ): Promise<T> {
    const silence = new Silence(this.#silenceMs, this.#end.signal);
    const sent = (bytes: number) => {
      silence.moved(bytes);
      onSent(bytes);
    };
    try {
      return await send({ signal: silence.signal, onSent: sent });
    } finally {
      silence.over();
    }
  }

  /** Waits for all uploads; those that are left when the signal comes are given up. */
  async finish(signal: AbortSignal): Promise<void> {
    const giveUp = () => {
      this.#waiting.length = 0;
      this.#end.abort();
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp);
    while (this.#running.size > 0) await Promise.race(this.#running);
    signal.removeEventListener('abort', giveUp);
  }

  #start(): void {
    while (this.#running.size < AT_ONCE) {
      const upload = this.#waiting.shift();
      if (upload === undefined) return;
      const running: Promise<void> = upload().then(
        () => this.#ended(running),
        () => this.#ended(running),
      );
      this.#running.add(running);
    }
  }

  #ended(running: Promise<void>): void {
    this.#running.delete(running);
    this.#start();
  }
}
