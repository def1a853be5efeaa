import { closeSync, type FSWatcher, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { tryWatch } from './try-watch.ts';

/** How often the file is looked at where the file system does not tell of changes. */
const POLL_MS = 250;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const LONGEST_LINE_BYTES = 1024 * 1024;

/** For a file that another machine writes, on a file system of the network. */
export interface Afar {
  /** How often it is looked at: the file system tells nobody of changes. */
  readonly everyMs: number;
}

/** Shared by all files: what was read is copied before anybody else can read. */
const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

export interface FollowedLine {
  /** Without its newline; undefined for a line of more than 1 MiB. */
  readonly text: string | undefined;
  /** Of all of it, its newline included. */
  readonly bytes: number;
  /** False for what the file ends in without a newline. */
  readonly whole: boolean;
}

/**
 * Lines of a file that another process appends to, each once and in order, until `ended` has settled and all is
 * read. The file must exist.
 */
export async function* followLines(
  file: string,
  ended: Promise<unknown>,
  afar?: Afar,
): AsyncGenerator<FollowedLine> {
  const source = afar ? new ReopenedFile(file) : new OpenFile(file);
  const changes = new Changes(file, ended, afar);
  const line = new Line();
  try {
    for (;;) {
      const last = changes.ended; // what is appended before the end is read after it
      for (;;) {
        const bytes = source.read();
        if (bytes === 0) break;
        let rest = Buffer.from(chunk.subarray(0, bytes));
        for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
          line.add(rest.subarray(0, end));
          yield line.take(true);
          rest = rest.subarray(end + 1);
        }
        line.add(rest);
        if (bytes === CHUNK_BYTES) await setImmediate(); // whoever writes without end holds up nobody else
      }
      if (last) break;
      await changes.next();
    }
    if (line.begun) yield line.take(false);
  } finally {
    changes.close();
    source.close();
  }
}

/** Reads the next bytes of a file into `chunk`. */
class OpenFile {
  readonly #descriptor: number;

  constructor(file: string) {
    this.#descriptor = openSync(file, 'r');
  }

  read(): number {
    return readSync(this.#descriptor, chunk);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/**
 * The same, opening the file anew for each look: only then does NFS ask its server how long the file is (nfs(5),
 * "Close-to-open cache consistency"). And a thousand files of a queue take no descriptor each.
 */
class ReopenedFile {
  readonly #file: string;
  #position = 0;

  constructor(file: string) {
    this.#file = file;
  }

  read(): number {
    const descriptor = openSync(this.#file, 'r');
    try {
      const bytes = readSync(descriptor, chunk, 0, CHUNK_BYTES, this.#position);
      this.#position += bytes;
      return bytes;
    } finally {
      closeSync(descriptor);
    }
  }

  close(): void {}
}

/** A line that comes in pieces. One that is longer than any event is forgotten: whatever wrote it, it was no stage. */
class Line {
  #pieces: Buffer[] = [];
  #bytes = 0;

  add(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > LONGEST_LINE_BYTES) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  get begun(): boolean {
    return this.#bytes > 0;
  }

  /** What there is of the line, after which the next one begins. `whole`: its newline was there. */
  take(whole: boolean): FollowedLine {
    const text = this.#bytes > LONGEST_LINE_BYTES ? undefined : Buffer.concat(this.#pieces).toString('utf8');
    const bytes = this.#bytes + (whole ? 1 : 0);
    this.#pieces = [];
    this.#bytes = 0;
    return { text, bytes, whole };
  }
}

/** Wakes its one waiter when the file may have changed; a change while nobody waits is not forgotten. */
class Changes {
  ended = false;
  #changed = false;
  #wake: (() => void) | undefined;
  readonly #poll: NodeJS.Timeout;
  readonly #watcher: FSWatcher | undefined;

  constructor(file: string, ended: Promise<unknown>, afar: Afar | undefined) {
    this.#poll = setInterval(() => this.#notify(), afar?.everyMs ?? POLL_MS);
    this.#watcher = afar ? undefined : tryWatch(file, { persistent: true }, () => this.#notify());
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
