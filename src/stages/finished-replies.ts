import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'replies.ndjson';

/** The reply to one record, by the record's place in the file. */
interface Reply {
  readonly index: number;
  readonly text: string;
}

/**
 * Replies that are finished, kept in the attempt's work directory as NDJSON and synced to disk a batch at a time,
 * so that a generation that was killed goes on after its last whole batch.
 */
export class FinishedReplies {
  readonly texts = new Map<number, string>();
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens the attempt's own file and takes over what earlier attempts (newest first) had finished. */
  static async open(directory: string, earlier: readonly string[]): Promise<FinishedReplies> {
    const replies = new FinishedReplies(await open(join(directory, FILE), 'a'));
    for (const other of earlier) {
      const found = (await readReplies(join(other, FILE))).filter(({ index }) => !replies.texts.has(index));
      await replies.add(found);
    }
    return replies;
  }

  async add(replies: readonly Reply[]): Promise<void> {
    await this.#file.appendFile(replies.map((reply) => `${JSON.stringify(reply)}\n`).join(''));
    await this.#file.datasync();
    for (const { index, text } of replies) this.texts.set(index, text);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readReplies(path: string): Promise<Reply[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  // A line that a crash cut short has no line feed after it.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Reply);
}
