import { lstatSync, readdirSync } from 'node:fs';
import { link, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { canonicalJson } from '../../contract/canonical-json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { type Digest, digestOfBytes, isDigest } from '../../files/digest.ts';
import { makeDirectory, sync, temporaryName, writeDurably } from '../../files/durable.ts';
import { readSmallText } from '../../files/read-small-text.ts';
import { CacheError, errorCode, explained, ifThere, orAbsent } from '../../files/system-problem.ts';
import type { OnCacheProblem } from '../cache-problem.ts';
import { quarantine } from '../objects/quarantine.ts';
import { type ActionRecord, differingOutputs, encodeRecord, parseRecord } from './action-record.ts';
import type { Records } from './records.ts';

/** Most actions observe nothing. */
const NO_FACTS = digestOfBytes(canonicalJson({}));

/**
 * Records of finished actions at `actions/<key>/<digest of observed facts>.json`. The objects that a record
 * names must be stored before it is added: then a record that can be found never refers to half a result,
 * whenever the process or the machine stops.
 */
export class ActionRecords implements Records {
  readonly #directory: string;
  readonly #actions: string;
  readonly #onProblem: OnCacheProblem;

  constructor(cacheDirectory: string, onProblem: OnCacheProblem) {
    this.#directory = cacheDirectory;
    this.#actions = join(cacheDirectory, 'actions');
    this.#onProblem = onProblem;
  }

  async find(key: Digest): Promise<readonly ActionRecord[]> {
    return await explained('read the action records', () => this.#findAll(key));
  }

  async findOnly(key: Digest): Promise<readonly ActionRecord[]> {
    return await explained('read the action records', async () => {
      const record = await this.#read(this.path({ key, observed: {} }));
      return record ? [record] : await this.#findAll(key);
    });
  }

  async add(record: ActionRecord): Promise<ActionRecord> {
    return await explained('record a finished action', async () => {
      const path = this.path(record);
      return await this.#withWritten(record, async (temporary) => {
        while (!(await linkExclusively(temporary, path))) {
          const winner = await this.#read(path);
          if (winner) return winner;
          // Reading a damaged record puts it aside; where that is impossible, no record can be added either.
          if (isThere(path)) throw stuck(path);
        }
        await sync(dirname(path));
        return record;
      });
    });
  }

  async replace(record: ActionRecord): Promise<ActionRecord> {
    const before = await this.add(record);
    if (differingOutputs(before, record).length === 0) return before;
    return await explained('replace an action record', async () => {
      const path = this.path(record);
      await this.#withWritten(record, async (temporary) => {
        await rename(temporary, path);
        await sync(dirname(path));
      });
      const message = `Action ${record.key} was done again and gave other outputs than before; these count from now on`;
      this.#onProblem({ code: 'replaced-record', message });
      return record;
    });
  }

  async *entries(): AsyncGenerator<ActionRecord> {
    const keys = (await explained('read the action records', () => orAbsent(readdir(this.#actions)))) ?? [];
    for (const key of keys) if (isDigest(key)) yield* await this.find(key);
  }

  async #findAll(key: Digest): Promise<readonly ActionRecord[]> {
    const records: ActionRecord[] = [];
    for (const name of (await this.#namesOf(key)).sort()) {
      const record = await this.#read(join(this.#folder(key), name));
      if (record) records.push(record);
    }
    return records;
  }

  /**
   * Runs a step with a file that holds the whole record and is on the disk already: only a complete one can
   * be given its name.
   */
  async #withWritten<T>(record: ActionRecord, step: (temporary: string) => Promise<T>): Promise<T> {
    await makeDirectory(this.#folder(record.key));
    const temporary = await temporaryName(this.#directory);
    try {
      await writeDurably(temporary, encodeRecord(record));
      return await step(temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Names of the files in which the records of an action are. What is no folder is put aside, so that one can be made. */
  async #namesOf(key: Digest): Promise<string[]> {
    const folder = this.#folder(key);
    if (!isThere(folder)) return [];
    try {
      return readdirSync(folder).filter((name) => name.endsWith('.json'));
    } catch (error) {
      if (isThere(folder)) await this.#putAside(folder, messageOf(error));
      return [];
    }
  }

  /** A sound record; undefined if there is none or it is damaged, which is reported. */
  async #read(path: string): Promise<ActionRecord | undefined> {
    let reason = 'it is a link that leads nowhere';
    try {
      const text = readSmallText(path);
      if (text !== undefined) return this.#parse(text, path);
    } catch (error) {
      reason = messageOf(error);
    }
    return isThere(path) ? await this.#putAside(path, reason) : undefined;
  }

  #parse(text: string, path: string): ActionRecord {
    const record = parseRecord(text);
    if (this.path(record) !== path) throw new Error('it belongs to another action');
    return record;
  }

  /** Puts a damaged record aside. Returns the sound one that another process wrote in its place meanwhile. */
  async #putAside(path: string, reason: string): Promise<ActionRecord | undefined> {
    const quarantined = await quarantine(this.#directory, path, 'record');
    const message = `The action record ${path} is not used: ${reason}`;
    if (quarantined === undefined) {
      this.#onProblem({ code: 'unreadable-record', message });
      return undefined;
    }
    try {
      const record = this.#parse(readSmallText(quarantined) ?? '', path);
      await linkExclusively(quarantined, path);
      return record;
    } catch {
      this.#onProblem({ code: 'unreadable-record', message, quarantined });
      return undefined;
    }
  }

  #folder(key: Digest): string {
    return `${this.#actions}${sep}${key}`;
  }

  /** Path of the file in which the record of an action with these facts is, if it is there. */
  path({ key, observed }: Pick<ActionRecord, 'key' | 'observed'>): string {
    const facts = Object.keys(observed).length === 0 ? NO_FACTS : digestOfBytes(canonicalJson(observed));
    return `${this.#folder(key)}${sep}${facts}.json`;
  }
}

/** Whether anything has this name, a link that leads nowhere included. */
function isThere(path: string): boolean {
  return ifThere(() => lstatSync(path, { throwIfNoEntry: false })) !== undefined;
}

/** Gives a file a second name unless that name is taken: unlike a rename it never replaces anything. */
async function linkExclusively(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function stuck(path: string): CacheError {
  return new CacheError(
    `The action record ${path} is damaged and cannot be moved away.`,
    'Remove that file, then run the same command again.',
  );
}
