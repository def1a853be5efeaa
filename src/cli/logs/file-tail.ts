import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ifThere } from '../../files/system-problem.ts';

const CHUNK_BYTES = 64 * 1024;

/** A file that grows, read piece by piece. */
export class FileTail {
  readonly path: string;
  #position = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** What was added since it was read last, in pieces of 64 KiB at most; nothing of a file that is not there. */
  *added(): Generator<Buffer> {
    // Opening a fifo would wait for a writer.
    const file = ifThere(() => openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK));
    if (file === undefined) return;
    try {
      for (;;) {
        const chunk = Buffer.alloc(CHUNK_BYTES);
        const bytes = readSync(file, chunk, 0, CHUNK_BYTES, this.#position);
        if (bytes === 0) return;
        this.#position += bytes;
        yield chunk.subarray(0, bytes);
      }
    } finally {
      closeSync(file);
    }
  }
}
