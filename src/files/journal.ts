import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageContext } from '../contract/stage-context.ts';

const FILE = 'finished.ndjson';
const LINE_FEED = 0x0a;

/** What is finished of a stage's work, by the place of the record that it answers. */
interface Indexed {
  readonly index: number;
}

type Work = Pick<StageContext<unknown>, 'workDirectory' | 'earlierWorkDirectories' | 'warn'>;

/**
 * Items that are finished, kept in the attempt's work directory, so that a stage that was killed continues after them.
 * JSON Lines {item, of, sha256}, synced to disk before they count. `of` names what the items hold for besides the action
 * (a judge's model): what was made for another is never taken over. `sha256` is of the two fields before it, because a
 * crash or a disk can damage the file unseen; a line that does not fit is dropped, and its item is made again.
 */
export class FinishedItems<Item extends Indexed> {
  readonly items = new Map<number, Item>();
  readonly #file: FileHandle;
  readonly #of: string;

  private constructor(file: FileHandle, of: string) {
    this.#file = file;
    this.#of = of;
  }

  /** Opens the attempt's own file and takes over what earlier attempts (newest first) had finished. */
  static async open<Item extends Indexed>(work: Work, of: string): Promise<FinishedItems<Item>> {
    const finished = new FinishedItems<Item>(await open(join(work.workDirectory, FILE), 'a'), of);
    let damaged = 0;
    for (const directory of work.earlierWorkDirectories) {
      const lines = (await wholeLines(join(directory, FILE))).map((line) => decode<Item>(line));
      damaged += lines.filter((line) => line === undefined).length;
      const items = lines.flatMap((line) => (line?.of === of ? [line.item] : []));
      await finished.add(items.filter(({ index }) => !finished.items.has(index)));
    }
    if (damaged > 0) {
      work.warn(
        `Lines that do not fit their checksum were dropped from the work of an earlier attempt: ${damaged}.`,
        'They are damaged, or of an older version of pipe. Nothing is to be done: these items are made again.',
      );
    }
    return finished;
  }

  /** Keeps items; they are on disk when this resolves. */
  async add(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    await this.#file.appendFile(items.map((item) => `${encode(item, this.#of)}\n`).join(''));
    await this.#file.datasync();
    for (const item of items) this.items.set(item.index, item);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function encode(item: unknown, of: string): string {
  const sha256 = createHash('sha256').update(JSON.stringify({ item, of })).digest('hex');
  return JSON.stringify({ item, of, sha256 });
}

/** The content of a line, or undefined where it is not as it was written. */
function decode<Item>(line: string): { readonly item: Item; readonly of: string } | undefined {
  try {
    const { item, of } = JSON.parse(line);
    // One comparison for the checksum, the white space and anything that does not belong there.
    return encode(item, of) === line ? { item, of } : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of a file that end in a line feed: after one that a crash cut short there is none, or zeros. */
async function wholeLines(path: string): Promise<string[]> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const lines: string[] = [];
  for (let start = 0; ; ) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end < 0) return lines;
    lines.push(bytes.toString('utf8', start, end));
    start = end + 1;
  }
}
