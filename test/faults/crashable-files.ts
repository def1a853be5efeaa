import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Random } from './seeded.ts';

/** One line of the log that record-operations.cjs writes. */
export interface FileOperation {
  readonly name: string;
  readonly paths: readonly [string] | readonly [string, string];
  /** What lay at the last path afterwards. */
  readonly kind: 'file' | 'directory' | 'absent';
  /** Its bytes, in base64, where it is a file. */
  readonly content?: string;
}

/** Bytes as programs see them, and as they were when they were last synced (fsync of the file). */
interface File {
  current: Buffer;
  synced: Buffer | undefined;
}

/** Names as programs see them, and as they were when they were last synced (fsync of the directory). */
interface Directory {
  readonly current: Map<string, Node>;
  synced: ReadonlyMap<string, Node>;
}

type Node = File | Directory;

const isDirectory = (node: Node | undefined): node is Directory =>
  node !== undefined && node.current instanceof Map;
const newDirectory = (): Directory => ({ current: new Map(), synced: new Map() });

/**
 * Files that remember what is on the disk for certain. After a power loss what was not synced is there, is not there, or
 * is there in part, each name and each file for itself: POSIX promises no more.
 */
export class CrashableFiles {
  readonly #root: string;
  readonly #files: Directory = newDirectory();

  constructor(root: string) {
    this.#root = root;
  }

  apply({ name, paths, kind, content }: FileOperation): void {
    const [path, other] = paths;
    const bytes = Buffer.from(content ?? '', 'base64');
    if (name === 'rename' || name === 'link') {
      // What another process has made is seen here for the first time.
      const node =
        this.#find(path) ?? (kind === 'directory' ? newDirectory() : { current: bytes, synced: undefined });
      if (name === 'rename') this.#parent(path).current.delete(basename(path));
      this.#parent(other!).current.set(basename(other!), node);
    } else if (kind === 'absent') {
      this.#parent(path).current.delete(basename(path));
    } else if (kind === 'directory') {
      const directory = this.#directory(path);
      if (name === 'fsync') directory.synced = new Map(directory.current);
    } else {
      const target = other ?? path;
      const found = this.#find(target);
      const file: File =
        found === undefined || isDirectory(found) ? { current: bytes, synced: undefined } : found;
      if (found !== file) this.#parent(target).current.set(basename(target), file);
      // Whoever only opens a file to read it leaves on the disk what is there.
      file.current = file.synced?.equals(bytes) ? file.synced : bytes;
      if (name === 'fsync') file.synced = file.current;
    }
  }

  /** Makes what a power loss leaves, in place of what is there. Without `random` nothing unsynced survives. */
  crashTo(root: string, random: Random | undefined): void {
    rmSync(root, { recursive: true, force: true });
    writeDirectory(root, this.#files, random);
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#files;
    for (const part of this.#parts(path)) node = isDirectory(node) ? node.current.get(part) : undefined;
    return node;
  }

  #directory(path: string): Directory {
    let directory = this.#files;
    for (const part of this.#parts(path)) {
      let next = directory.current.get(part);
      if (!isDirectory(next)) {
        next = newDirectory();
        directory.current.set(part, next);
      }
      directory = next;
    }
    return directory;
  }

  #parent(path: string): Directory {
    return this.#directory(dirname(path));
  }

  #parts(path: string): string[] {
    return relative(this.#root, path)
      .split('/')
      .filter((part) => part !== '' && part !== '..');
  }
}

function writeDirectory(path: string, { current, synced }: Directory, random: Random | undefined): void {
  mkdirSync(path, { recursive: true });
  for (const name of new Set([...synced.keys(), ...current.keys()])) {
    const node = random?.chance(0.5) ? current.get(name) : synced.get(name);
    if (node === undefined) continue;
    if (isDirectory(node)) writeDirectory(join(path, name), node, random);
    else writeFileSync(join(path, name), bytesAfterLoss(node, random));
  }
}

function bytesAfterLoss({ current, synced }: File, random: Random | undefined): Buffer {
  const kept = synced ?? Buffer.alloc(0);
  if (random === undefined || current === synced) return kept;
  return random.pick([
    kept,
    current,
    current.subarray(0, random.below(current.length + 1)),
    Buffer.alloc(current.length), // its length was written, its bytes were not
  ]);
}
