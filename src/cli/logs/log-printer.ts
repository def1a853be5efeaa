import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import type { Output } from '../../terminal/output.ts';
import { visible } from '../../terminal/show.ts';

/**
 * Prints logs: as they are into a file or to another program; to a terminal so that nothing in them is obeyed, and of a line
 * that was written again and again (a progress bar) its last state.
 */
export class LogPrinter {
  readonly #output: Output;
  readonly #decoder = new StringDecoder('utf8');
  /** A line that has not ended. */
  #line = '';

  constructor(output: Output) {
    this.#output = output;
  }

  /** Resolves when the output takes more. */
  async print(bytes: Buffer): Promise<void> {
    if (this.#output.isTTY !== true) return await this.#write(bytes);
    const lines = (this.#line + this.#decoder.write(bytes)).split('\n');
    this.#line = lines.pop() ?? '';
    if (lines.length > 0) await this.#write(`${lines.map(lastState).join('\n')}\n`);
  }

  /** Prints the last line of a log that does not end in a newline. */
  async end(): Promise<void> {
    const rest = this.#line + this.#decoder.end();
    this.#line = '';
    if (rest !== '') await this.#write(`${lastState(rest)}\n`);
  }

  async #write(text: string | Buffer): Promise<void> {
    // A reader that has seen enough closes it, and then nothing drains.
    if (!this.#output.write(text) && this.#output.writable)
      await Promise.race([once(this.#output, 'drain'), once(this.#output, 'close')]);
  }
}

function lastState(line: string): string {
  return visible(line.replace(/\r+$/, '').replace(/^.*\r/s, ''));
}
