import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { type Artifact, objectsOf } from './artifact.ts';
import type { Identity } from './compute.ts';
import type { Change, Content } from './history.ts';
import { FILES, type FileName } from './sketch.ts';
import { Recorded } from './staleness.ts';

/** Memory where the system has it: a sync of a file then costs nothing. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
/** Data that was deployed with pinned times. */
const LONG_AGO = new Date('2020-01-01T00:00:00Z');

/** The folder of one history, and all that the model knows of it. */
export class World {
  readonly directory = mkdtempSync(join(PARENT, 'pipe-model-'));
  /** What the input files hold. */
  readonly disk = new Map<string, Artifact>();
  readonly recorded = new Recorded();
  /** Which action a key stands for, as far as one was executed. */
  readonly actions = new Map<string, Identity>();

  constructor(files: readonly Content[]) {
    FILES.forEach((name, index) => {
      this.#write(name, artifactOf(name, files[index]!), this.directory);
    });
  }

  get artifacts(): string {
    return join(this.directory, 'artifacts');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Whether the store holds an artifact with the right bytes. */
  isStored(artifact: Artifact): boolean {
    return objectsOf(artifact).every((digest) => {
      const path = join(this.artifacts, 'cache/objects', digest.slice(0, 2), digest.slice(2));
      return existsSync(path) && digestOfBytes(readFileSync(path)) === digest;
    });
  }

  /** Every file below a folder of the artifacts, sorted. */
  filesIn(folder: string): string[] {
    const path = join(this.artifacts, folder);
    if (!existsSync(path)) return [];
    if (statSync(path).isFile()) return [path];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  }

  /** Makes a change to files or to the cache. Returns what it was in words; undefined where there was nothing to change. */
  apply(change: Change): string | undefined {
    switch (change.is) {
      case 'edit':
        return this.#edit(change);
      case 'touch':
        for (const path of this.#filesOf(change.file)) utimesSync(path, new Date(), new Date());
        return `touch ${change.file}`;
      case 'damage':
        return this.#damage(change);
      case 'delete-folder':
        rmSync(join(this.artifacts, change.folder), { recursive: true, force: true });
        if (['.', 'cache/actions'].includes(change.folder)) this.recorded.loseAll();
        return `rm -r artifacts/${change.folder}`;
      default:
        return undefined;
    }
  }

  #edit({ file, content, how }: Extract<Change, { is: 'edit' }>): string {
    const artifact = artifactOf(file, content);
    if (how === 'renamed') {
      const prepared = join(this.directory, 'prepared');
      mkdirSync(prepared);
      this.#write(file, artifact, prepared);
      rmSync(join(this.directory, file), { recursive: true });
      renameSync(join(prepared, file), join(this.directory, file));
      rmSync(prepared, { recursive: true });
    } else {
      if (file === 'd0') rmSync(join(this.directory, file, 'sub'), { recursive: true, force: true });
      this.#write(file, artifact, this.directory);
      if (how === 'plain') for (const path of this.#filesOf(file)) utimesSync(path, new Date(), new Date());
    }
    return `edit ${file} (${how}): ${JSON.stringify(artifact.kind === 'file' ? artifact.text : artifact.files)}`;
  }

  #write(name: FileName, artifact: Artifact, directory: string): void {
    this.disk.set(name, artifact);
    const files: Readonly<Record<string, string>> =
      artifact.kind === 'file' ? { '': artifact.text } : artifact.files;
    for (const [path, text] of Object.entries(files)) {
      const file = join(directory, name, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      utimesSync(file, LONG_AGO, LONG_AGO);
    }
  }

  #filesOf(name: FileName): string[] {
    const artifact = this.disk.get(name)!;
    const paths = artifact.kind === 'file' ? [''] : Object.keys(artifact.files);
    return paths.map((path) => join(this.directory, name, path));
  }

  #damage({ what, which, count, how, keepsTime }: Extract<Change, { is: 'damage' }>): string | undefined {
    const files = this.filesIn(join('cache', what));
    if (files.length === 0) return undefined;
    const first = which % files.length;
    const damaged = [...files.slice(first), ...files.slice(0, first)].slice(0, count);
    for (const path of damaged) {
      if (what === 'actions') this.recorded.lose(this.actions.get(basename(dirname(path)))!);
      const { atime, mtime, size } = statSync(path);
      chmodSync(path, 0o644);
      if (how === 'delete') rmSync(path);
      else if (how === 'truncate') truncateSync(path, Math.floor(size / 2));
      else flip(path, which % Math.max(1, size));
      if (how !== 'delete' && keepsTime) utimesSync(path, atime, mtime);
    }
    const names = damaged.map((path) => path.slice(join(this.artifacts, 'cache').length + 1));
    return `${how} ${names.join(', ')}${keepsTime && how !== 'delete' ? ', the time kept' : ''}`;
  }
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  if (bytes.length > 0) bytes[at]! ^= 1;
  writeFileSync(path, bytes.length > 0 ? bytes : '?');
}

function artifactOf(name: FileName, { first, second }: Content): Artifact {
  const text = `${first}\n${second}\n`;
  if (name !== 'd0') return { kind: 'file', text };
  return { kind: 'directory', files: { x: text, ...(second > 0 && { 'sub/z': `${second}\n` }) } };
}
