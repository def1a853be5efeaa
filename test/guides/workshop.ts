import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Finished, finished } from '../cli/rig.ts';
import type { Edit, NewFile } from './guide.ts';

const ROOT = join(import.meta.dirname, '../..');
const NOT_COPIED = ['.git', 'artifacts', 'coverage', 'dist', 'node_modules'];

/** A copy of the sources in a folder of its own, with the packages of the repository, in which a guide can be followed. */
export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), 'pipe-guides-'));
  readonly #running = new Set<ChildProcess>();

  readonly #environment: Readonly<Record<string, string>>;

  /** `environment`: what its commands see besides paths and language. */
  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.#environment = environment;
    for (const name of readdirSync(ROOT)) {
      if (!NOT_COPIED.includes(name)) cpSync(join(ROOT, name), this.path(name), { recursive: true });
    }
    this.#linkPackages();
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  write({ path, text }: NewFile): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  /** Throws where the lines that a guide shows are not in the file, or not only once. */
  edit({ path, before, after }: Edit): void {
    const parts = this.read(path).split(before);
    if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times:\n${before}`);
    this.write({ path, text: parts.join(after) });
  }

  /** Starts a block of shell, which stops at the first line that fails. */
  start(script: string): ChildProcess {
    const child = spawn('sh', ['-ec', script], {
      cwd: this.directory,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        XDG_CONFIG_HOME: this.path('.config'), // keys that a guide makes are not the user's
        LANG: 'C.UTF-8',
        NO_COLOR: '1',
        npm_config_offline: 'true',
        ...this.#environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  run(script: string): Promise<Finished> {
    return finished(this.start(script));
  }

  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The folder is the copy's own, because a build links its program into it. */
  #linkPackages(): void {
    const packages = join(ROOT, 'node_modules');
    mkdirSync(this.path('node_modules/.bin'), { recursive: true });
    for (const name of readdirSync(packages)) {
      if (!name.startsWith('.')) symlinkSync(join(packages, name), this.path('node_modules', name));
    }
    for (const name of readdirSync(join(packages, '.bin'))) {
      symlinkSync(readlinkSync(join(packages, '.bin', name)), this.path('node_modules/.bin', name));
    }
  }
}
