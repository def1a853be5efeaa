/** What a queue does not show is gone for good when it was missed so often, over so long. */
const GONE_TIMES = 3;
const GONE_MS = 10_000;

/** Whether an attempt that its queue did not show is gone: once may be an accident of a server that has just started. */
export class Absence {
  #since: number | undefined;
  #times = 0;

  /** Notes that it was missed again. */
  isForGood(): boolean {
    this.#since ??= performance.now();
    this.#times++;
    return this.#times >= GONE_TIMES && performance.now() - this.#since >= GONE_MS;
  }

  end(): void {
    this.#since = undefined;
    this.#times = 0;
  }
}
