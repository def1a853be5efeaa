import { createHash, type Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What was received of a file: kept next to it, and believed only where the file on disk agrees. */
interface Received {
  readonly bytes: number;
  /** The server's name for the version that the bytes belong to (ETag or Last-Modified); empty where it names none. */
  readonly validator: string;
  /** Nothing more is to come. */
  readonly whole: boolean;
  /** Of the bytes, and of the fields above after them. */
  readonly sha256: string;
}

/** A kill loses what came in this time at most. */
const KEPT_EVERY_MS = 1000;

const partPath = (destination: string) => `${destination}.part`;
const receivedPath = (destination: string) => `${destination}.received`;
const refusedPath = (destination: string) => `${destination}.refused`;

/**
 * A file that is not yet whole, `<destination>.part`. What is there of it is proven by `<destination>.received`, which
 * is replaced as the file grows: after a crash or a fault of the disk only bytes that were received are continued.
 */
export class PartialFile {
  readonly path: string;
  readonly #destination: string;
  readonly #file: FileHandle;
  #bytes: number;
  #validator: string;
  #hash: Hash;
  #kept = Date.now();

  private constructor(destination: string, file: FileHandle, proven: Proven | undefined) {
    this.#destination = destination;
    this.path = partPath(destination);
    this.#file = file;
    this.#bytes = proven?.bytes ?? 0;
    this.#validator = proven?.validator ?? '';
    this.#hash = proven?.hash ?? createHash('sha256');
  }

  /** Opens what is there, cut to what is proven: of a damaged file nothing. */
  static async open(destination: string): Promise<PartialFile> {
    const proven = await provenBytes(partPath(destination), destination);
    const file = await open(partPath(destination), constants.O_RDWR | constants.O_CREAT);
    await file.truncate(proven?.bytes ?? 0);
    return new PartialFile(destination, file, proven);
  }

  /** Bytes that are here. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Headers that ask for the rest, if this can be continued (RFC 9110, 13.1.5 and 14). */
  rangeHeaders(pinned: boolean): Record<string, string> {
    if (this.#bytes === 0) return {};
    const range = `bytes=${this.#bytes}-`;
    if (this.#validator !== '') return { range, 'if-range': this.#validator };
    // Without a name for the version only the pinned digest can tell whether the halves belong together.
    return pinned ? { range } : {};
  }

  /** Begins again, with a version that has this name. */
  async restart(validator: string): Promise<void> {
    await this.#file.truncate(0);
    this.#bytes = 0;
    this.#validator = validator;
    this.#hash = createHash('sha256');
    await this.keep();
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length; ) {
      const rest = chunk.length - written;
      written += (await this.#file.write(chunk, written, rest, this.#bytes + written)).bytesWritten;
    }
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    if (Date.now() - this.#kept >= KEPT_EVERY_MS) await this.keep();
  }

  /** Syncs the bytes to disk, then what proves them. `whole`: nothing more is to come. */
  async keep(whole = false): Promise<void> {
    await this.#file.datasync();
    const said = { bytes: this.#bytes, validator: this.#validator, whole };
    const received: Received = { ...said, sha256: proof(this.#hash, said) };
    const path = receivedPath(this.#destination);
    await writeFile(`${path}.writing`, JSON.stringify(received), { flush: true });
    await rename(`${path}.writing`, path);
    this.#kept = Date.now();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Gives the part, which is whole, its name. What proves it stays, for the attempt after a crash. */
export async function finishPart(destination: string): Promise<void> {
  await rename(partPath(destination), destination);
}

export async function discardPart(destination: string): Promise<void> {
  await rm(partPath(destination), { force: true });
  await rm(receivedPath(destination), { force: true });
}

/**
 * Removes a finished file that came whole and is not what was wanted, and marks its place: no later attempt takes it over,
 * neither from here nor from the earlier attempt that it came from.
 */
export async function refuseDownload(destination: string): Promise<void> {
  await writeFile(refusedPath(destination), '', { flush: true });
  await rm(destination, { force: true });
  await discardPart(destination);
}

/** Whether a finished file is the one that was received, whole. */
export async function isProven(destination: string): Promise<boolean> {
  const proven = await provenBytes(destination, destination);
  return proven?.whole === true && proven.bytes === (await sizeOf(destination));
}

/**
 * Copies what an earlier attempt left of `destination` (the finished file or its part) next to it, to continue from
 * there. `earlier`: work directories, newest first.
 */
export async function takeOverDownload(destination: string, earlier: readonly string[]): Promise<void> {
  for (const directory of earlier) {
    const from = join(directory, basename(destination));
    await copyWhole(receivedPath(from), receivedPath(destination));
    if (await copyWhole(from, destination)) return;
    if (await copyWhole(partPath(from), partPath(destination))) return;
    if ((await sizeOf(refusedPath(from))) !== undefined) return;
  }
}

interface Proven extends Omit<Received, 'sha256'> {
  /** Of the bytes. */
  readonly hash: Hash;
}

/** The beginning of a file that was received for `destination`, or undefined where nothing proves it. */
async function provenBytes(path: string, destination: string): Promise<Proven | undefined> {
  try {
    const { sha256, ...said }: Received = JSON.parse(await readFile(receivedPath(destination), 'utf8'));
    const hash = createHash('sha256');
    if (said.bytes > 0) {
      for await (const chunk of createReadStream(path, { end: said.bytes - 1, highWaterMark: 1 << 20 }))
        hash.update(chunk);
    }
    return proof(hash, said) === sha256 ? { ...said, hash } : undefined;
  } catch {
    // Absent, or damaged beyond reading: either way there is nothing to continue.
    return undefined;
  }
}

function proof(hash: Hash, { bytes, validator, whole }: Omit<Received, 'sha256'>): string {
  return hash.copy().update(JSON.stringify({ bytes, validator, whole })).digest('hex');
}

/** Bytes of a file, or undefined if there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/**
 * Copies a file under another name first, so that a copy cut short never passes for the whole. Returns false
 * if there is none to copy.
 */
async function copyWhole(from: string, to: string): Promise<boolean> {
  const copying = join(dirname(to), `.${basename(to)}.copying`);
  try {
    await copyFile(from, copying, constants.COPYFILE_FICLONE);
  } catch {
    return false;
  }
  await rename(copying, to);
  return true;
}
