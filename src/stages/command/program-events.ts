import { lstat, mkdtemp, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MetricProblem } from '../../contract/own-metrics/metric-collector.ts';
import { StageError } from '../../contract/stage-context.ts';
import { followLines } from '../../files/follow-lines.ts';
import { orAbsent } from '../../files/system-problem.ts';
import { outsideText } from '../../network/outside-text.ts';
import { BadLine, type ProgramEvent, parseProgramEvent } from './program-event.ts';

const APPEND =
  'Open the file that PIPE_EVENTS names to append ("a"), and write each event as one line of JSON.';
const GUIDE = 'docs/guides/own-program.md lists what a line may hold.';

/** What the file begins with. A program that opens it to write, and not to append, removes it. */
const BEGINNING = '\n';

/** The file that PIPE_EVENTS names to a program, and what is read from it. */
export class ProgramEvents {
  readonly path: string;
  readonly #handle: (event: ProgramEvent) => void;
  #lines = 0;
  #bytes = 0;

  private constructor(path: string, handle: (event: ProgramEvent) => void) {
    this.path = path;
    this.#handle = handle;
  }

  /** Makes the file in a folder. `handle` may throw a MetricProblem. */
  static async create(folder: string, handle: (event: ProgramEvent) => void): Promise<ProgramEvents> {
    const path = join(await mkdtemp(join(folder, 'events-')), 'events.jsonl');
    await writeFile(path, BEGINNING);
    return new ProgramEvents(path, handle);
  }

  /**
   * Handles each line that a program writes until it has `ended`. Gives what was wrong at the end: a program that crashed
   * may have cut its last line. Throws a StageError at the first whole line that cannot be understood.
   */
  async follow(ended: Promise<unknown>): Promise<StageError | undefined> {
    for await (const { text, bytes, whole } of followLines(this.path, ended)) {
      this.#lines++;
      this.#bytes += bytes;
      if (this.#lines === 1 && text === '') continue; // the beginning
      const problem = this.#take(text);
      // Said at the first line, not only at the end of the work.
      if (this.#lines <= 2 || problem !== undefined) await this.#requireSameFile();
      if (problem !== undefined && !whole) return problem;
      if (problem !== undefined) throw problem;
    }
    await this.#requireSameFile(this.#bytes);
    return undefined;
  }

  /** Whoever opens it to write, or puts another file there, removes what was said before, whether it was read or not. */
  async #requireSameFile(bytes?: number): Promise<void> {
    // Opening a queue would wait until somebody writes to it.
    const isFile = (await orAbsent(lstat(this.path)))?.isFile();
    const file = isFile ? await orAbsent(open(this.path)) : undefined;
    try {
      const size = (await file?.stat())?.size;
      const first = (await file?.read(Buffer.alloc(1), 0, 1, 0))?.buffer.toString();
      if (first === BEGINNING && (bytes === undefined || size === bytes)) return;
    } finally {
      await file?.close();
    }
    throw new StageError('The command emptied or replaced the file that PIPE_EVENTS names.', {
      hint: APPEND,
    });
  }

  #take(text: string | undefined): StageError | undefined {
    if (text?.trim() === '') return undefined;
    try {
      if (text === undefined) throw new BadLine('it is longer than 1 MiB');
      this.#handle(parseProgramEvent(text));
      return undefined;
    } catch (error) {
      if (!(error instanceof BadLine || error instanceof MetricProblem)) throw error;
      const shown = text === undefined ? '' : `: ${outsideText(text)}`;
      const message = `Line ${this.#lines - 1} of the command's events is not understood, ${error.message}${shown}`;
      return new StageError(message, { hint: (error instanceof MetricProblem && error.hint) || GUIDE });
    }
  }
}
