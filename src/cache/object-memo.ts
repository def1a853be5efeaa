import type { BigIntStats } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { orAbsent } from './cache-error.ts';
import type { Digest } from './digest.ts';

/** A file written to within this time may be written to again without a new modification time. */
const RACY_NANOSECONDS = 1_000_000_000n;

/**
 * Remembers which objects were found sound, so that an unchanged file is not hashed again: `<digest> <size>
 * <mtime in ns> <inode>` a line. The change time is left out because linking a file changes it. A line is
 * only ever appended; a torn or damaged one matches no file, which costs one hash and nothing else. So does
 * a line that another process has written since this one read the file.
 */
export class ObjectMemo {
  readonly #file: string;
  #lines: Promise<Set<string>> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Whether a file with this state was found to have this digest. */
  async knows(digest: Digest, state: BigIntStats): Promise<boolean> {
    return (await this.#known()).has(line(digest, state));
  }

  /** Notes that a file had this digest; `state` must have been taken before the file was hashed. */
  async remember(digest: Digest, state: BigIntStats): Promise<void> {
    if (BigInt(Date.now()) * 1_000_000n - state.mtimeNs < RACY_NANOSECONDS) return;
    const added = line(digest, state);
    (await this.#known()).add(added);
    // A cache that cannot be written to can still be read; only the saving is lost.
    await appendFile(this.#file, `${added}\n`).catch(() => {});
  }

  #known(): Promise<Set<string>> {
    this.#lines ??= orAbsent(readFile(this.#file, 'utf8')).then((text) => new Set(text?.split('\n')));
    return this.#lines;
  }
}

function line(digest: Digest, { size, mtimeNs, ino }: BigIntStats): string {
  return `${digest} ${size} ${mtimeNs} ${ino}`;
}
