import type { TransferredBytes } from '../../cache/remote/transfers.ts';
import { howFar, progressText } from '../../reporters/progress-text.ts';
import type { Progress, ProgressSample } from '../../reporters/run-state.ts';
import { ScreenBottom } from '../../reporters/screen-bottom.ts';
import type { Output } from '../../terminal/output.ts';
import { rendered, show } from '../../terminal/show.ts';

/** Between two lines where each one stays. */
const LINE_EVERY_MS = 5_000;

/** How far a transfer is while it goes on: the last row of a terminal, and elsewhere a line now and then. */
export class TransferView {
  readonly #output: Output;
  readonly #bottom: ScreenBottom | undefined;
  readonly #first: ProgressSample;
  readonly #read: () => TransferredBytes;
  readonly #word: string;

  /** `word`: what goes on, such as `uploading`. */
  constructor(output: Output, word: string, read: () => TransferredBytes) {
    this.#output = output;
    this.#word = word;
    this.#read = read;
    this.#first = this.#sample();
    if (output.isTTY)
      this.#bottom = new ScreenBottom(output, ({ columns }) => [this.#text().slice(0, columns - 1)]);
  }

  /** Writes a line that stays. */
  write(line: string): void {
    if (this.#bottom === undefined) show(this.#output, line);
    else this.#bottom.write(rendered(line));
  }

  /** Shows it until the work ends. */
  async during<T>(work: Promise<T>): Promise<T> {
    const lines =
      this.#bottom === undefined
        ? setInterval(() => show(this.#output, this.#text()), LINE_EVERY_MS)
        : undefined;
    this.#bottom?.start();
    try {
      return await work;
    } finally {
      clearInterval(lines);
      this.#bottom?.end();
    }
  }

  #text(): string {
    const progress: Progress = { first: this.#first, latest: this.#sample() };
    return `${this.#word} ${progressText(howFar(progress))}`;
  }

  #sample(): ProgressSample {
    return { time: Date.now(), ...this.#read(), unit: 'bytes', metrics: {} };
  }
}
