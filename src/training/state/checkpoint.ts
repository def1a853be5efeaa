import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../../contract/message-of.ts';
import { digestOfFile } from '../../files/digest.ts';
import { sync } from '../../files/durable.ts';
import { readVariables, type Variables, writeVariables } from './variables-file.ts';

/** Bumped when the state or the names of the variables change; checkpoints of another format are not used. */
const FORMAT = 2;

const TENSORS = 'tensors.safetensors';
const STATE = 'state.json';
/** In the format of sha256sum(1), so that `sha256sum -c SHA256SUMS` checks a checkpoint by hand. */
const SUMS = 'SHA256SUMS';

const NAME = /^step-(\d{10})(\.unfinished)?$/;

interface Found {
  readonly path: string;
  readonly updates: number;
  readonly finished: boolean;
}

/**
 * Checkpoints of one training: folders `step-0000000120`, named after the updates made so far, that are complete from the
 * moment that they have this name and never change. `State` is what a checkpoint holds besides the variables; JSON must keep
 * it whole. Files that a training has written and never changes can belong to a checkpoint too: it has links to them.
 */
export class Checkpoints<State> {
  /** Checkpoints are written to it, and the files that belong to them are in it. */
  readonly directory: string;
  readonly #all: readonly string[];
  readonly #warn: (message: string) => void;

  /** Writes to `directory`; continues from the newest valid one there or in `earlier`. */
  constructor(directory: string, earlier: readonly string[], warn: (message: string) => void) {
    this.directory = directory;
    this.#all = [directory, ...earlier];
    this.#warn = warn;
  }

  /**
   * Writes a checkpoint after `updates` updates and, once it is on the disk, removes all others. Numbers keep every bit. Where it cannot
   * be written (a full disk), that is a warning: the training itself may still end well.
   */
  async save(
    updates: number,
    variables: Variables,
    state: State,
    files: readonly string[] = [],
  ): Promise<void> {
    const path = join(this.directory, `step-${String(updates).padStart(10, '0')}`);
    const unfinished = `${path}.unfinished`;
    try {
      await write(unfinished, variables, JSON.stringify({ format: FORMAT, state }), files);
      await rm(path, { recursive: true, force: true });
      await rename(unfinished, path);
      await sync(this.directory);
      await this.#removeAllBut(path);
    } catch (error) {
      this.#warn(`no checkpoint after ${updates} updates could be written: ${messageOf(error)}`);
      await rm(unfinished, { recursive: true, force: true }).catch(() => {});
    }
  }

  /**
   * Fills the variables from the newest checkpoint that is whole, gives the files that belong to it their place in
   * `directory`, and returns its state; undefined if there is none. Damaged ones are skipped with a warning.
   */
  async restore(variables: Variables): Promise<State | undefined> {
    const finished = (await this.#found()).filter((found) => found.finished);
    for (const { path } of finished.sort((a, b) => b.updates - a.updates)) {
      try {
        return await this.#read(path, variables);
      } catch (error) {
        this.#warn(`checkpoint ${path} is skipped: ${messageOf(error)}`);
      }
    }
    return undefined;
  }

  async #read(path: string, variables: Variables): Promise<State> {
    const files = (await readdir(path)).filter((name) => ![TENSORS, STATE, SUMS].includes(name)).sort();
    if ((await readFile(join(path, SUMS), 'utf8')) !== (await sums(path, files))) {
      throw new Error('its bytes are not those that were written');
    }
    const { format, state } = JSON.parse(await readFile(join(path, STATE), 'utf8'));
    if (format !== FORMAT) throw new Error(`its format is ${format}, not ${FORMAT}`);
    for (const name of files) await giveName(join(path, name), join(this.directory, name));
    await readVariables(join(path, TENSORS), variables);
    return state;
  }

  async #removeAllBut(path: string): Promise<void> {
    for (const other of await this.#found()) {
      if (other.path !== path) await rm(other.path, { recursive: true, force: true });
    }
  }

  async #found(): Promise<Found[]> {
    const found: Found[] = [];
    for (const directory of this.#all) {
      for (const name of await readdir(directory).catch(() => [])) {
        const match = NAME.exec(name);
        if (match)
          found.push({ path: join(directory, name), updates: Number(match[1]), finished: !match[2] });
      }
    }
    return found;
  }
}

/** Writes the files of a checkpoint into a fresh folder, down to the disk. */
async function write(
  directory: string,
  variables: Variables,
  state: string,
  files: readonly string[],
): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeVariables(join(directory, TENSORS), variables);
  await writeFile(join(directory, STATE), state);
  for (const file of files) await link(file, join(directory, basename(file)));
  const names = files.map((file) => basename(file)).sort();
  await writeFile(join(directory, SUMS), await sums(directory, names));
  for (const name of [TENSORS, STATE, SUMS, '.']) await sync(join(directory, name));
}

/** Another name for a file, in place of what had that name. */
async function giveName(file: string, name: string): Promise<void> {
  await rm(name, { force: true });
  await link(file, name);
}

async function sums(directory: string, files: readonly string[]): Promise<string> {
  const lines = [];
  for (const name of [TENSORS, STATE, ...files])
    lines.push(`${(await digestOfFile(join(directory, name))).digest}  ${name}\n`);
  return lines.join('');
}
