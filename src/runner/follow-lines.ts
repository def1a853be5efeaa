import { type FSWatcher, watch } from 'node:fs';
import { open } from 'node:fs/promises';

/** How often the file is looked at where the file system does not tell of changes. */
const POLL_MS = 250;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Lines of a file that another process appends to, each once and in order, until `ended` has settled and all is
 * read. A last line without its newline was cut by a crash and is left out. The file must exist.
 */
export async function* followLines(file: string, ended: Promise<unknown>): AsyncGenerator<string> {
  const changes = new Changes(file, ended);
  const handle = await open(file, 'r');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const last = changes.ended; // what is appended before the end is read after it
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
        if (bytesRead === 0) break;
        rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
          yield rest.toString('utf8', 0, end);
          rest = rest.subarray(end + 1);
        }
      }
      if (last) return;
      await changes.next();
    }
  } finally {
    changes.close();
    await handle.close();
  }
}

/** Wakes its one waiter when the file may have changed; a change while nobody waits is not forgotten. */
class Changes {
  ended = false;
  #changed = false;
  #wake: (() => void) | undefined;
  readonly #poll: NodeJS.Timeout;
  readonly #watcher: FSWatcher | undefined;

  constructor(file: string, ended: Promise<unknown>) {
    this.#poll = setInterval(() => this.#notify(), POLL_MS);
    this.#watcher = tryWatch(file, () => this.#notify());
    const end = () => {
      this.ended = true;
      this.#notify();
    };
    ended.then(end, end);
  }

  async next(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    this.#changed = false;
  }

  close(): void {
    clearInterval(this.#poll);
    this.#watcher?.close();
  }

  #notify(): void {
    this.#changed = true;
    this.#wake?.();
    this.#wake = undefined;
  }
}

function tryWatch(file: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(file, onChange);
    watcher.on('error', () => watcher.close()); // the poll remains
    return watcher;
  } catch {
    return undefined;
  }
}
