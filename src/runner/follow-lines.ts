import { closeSync, type FSWatcher, openSync, readSync, watch } from 'node:fs';

/** How often the file is looked at where the file system does not tell of changes. */
const POLL_MS = 250;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Shared by all files: what was read is copied before anybody else can read. */
const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

/**
 * Lines of a file that another process appends to, each once and in order, until `ended` has settled and all is
 * read. A last line without its newline was cut by a crash and is left out. The file must exist.
 */
export async function* followLines(file: string, ended: Promise<unknown>): AsyncGenerator<string> {
  const descriptor = openSync(file, 'r');
  const changes = new Changes(file, ended);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const last = changes.ended; // what is appended before the end is read after it
      for (;;) {
        const bytes = readSync(descriptor, chunk);
        if (bytes === 0) break;
        rest = Buffer.concat([rest, chunk.subarray(0, bytes)]);
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
    closeSync(descriptor);
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
