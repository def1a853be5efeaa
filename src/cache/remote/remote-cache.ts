import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { type Digest, digestOfBytes } from '../../files/digest.ts';
import type { CacheProblem, OnCacheProblem } from '../cache-problem.ts';
import type { BlobStore } from '../objects/blob-store.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ActionRecord } from '../records/action-record.ts';
import { Exchange } from './exchange.ts';
import { fetchBlob, RefusedBlob } from './fetch-blob.ts';
import { type Fetched, fetchedBefore, noteFetched } from './fetched-records.ts';
import { Patience } from './patience.ts';
import { readAll, TooLong } from './read-all.ts';
import { ResultUploads } from './result-uploads.ts';
import type { RemoteStore } from './stores/remote-store.ts';
import { type TransferredBytes, Transfers } from './transfers.ts';
import { type RecordName, readSigned, storedName } from './trust/signed-record.ts';
import type { SigningKey } from './trust/signing-key.ts';
import { keyId, mayWrite, type TrustedKey } from './trust/trusted-keys.ts';

const MOST_RECORD_BYTES = 16 * 1024 * 1024;

/** A record of somebody who is believed. */
export interface BelievedRecord {
  readonly record: ActionRecord;
  /** What the project calls who signed it. */
  readonly writer: string;
}

export interface RemoteOptions {
  /** For messages. */
  readonly address: string;
  /** Opened when it is first asked: a run of hits asks nothing. */
  readonly open: () => Promise<RemoteStore>;
  /** Whose records are believed. */
  readonly keys: readonly TrustedKey[];
  /** The scope that this run belongs to; records of `main` are read, too. */
  readonly scope: string;
  /** Signs what is uploaded; without it nothing is. */
  readonly signingKey?: SigningKey | undefined;
  readonly cacheDirectory: string;
  readonly onProblem: OnCacheProblem;
  readonly patience?: Patience;
}

/**
 * Results that others have made, and a place for one's own. It may be slow, full, lying or gone: then a run goes on as if it
 * held nothing, and says so once. Nothing of it is used before it is checked: records by their signatures, objects by
 * their digests.
 */
export class RemoteCache {
  readonly #options: RemoteOptions;
  readonly #patience: Patience;
  readonly #uploads: ResultUploads | undefined;
  readonly #received = new Transfers();
  /** Objects that are on their way: whoever wants one as well waits for it. */
  readonly #fetching = new Map<Digest, Promise<void>>();
  /** Names whose content was refused, or is not given: an upload replaces it. */
  readonly #damaged = new Set<string>();
  readonly #told = new Set<string>();
  #store: Promise<RemoteStore> | undefined;
  /** What is not tried any more, after it failed once. */
  readonly #gone = { reading: false, writing: false };
  readonly #fetchesEnd = new AbortController();

  constructor(options: RemoteOptions) {
    const { signingKey, scope, patience = new Patience() } = options;
    this.#options = options;
    this.#patience = patience;
    this.#uploads =
      signingKey &&
      new ResultUploads({
        ...{ signingKey, scope, patience },
        ask: (question) => this.#ask('writing', question),
        isDamaged: (name) => this.#damaged.has(name),
      });
  }

  /** The record of an action that somebody has made who is believed; undefined if there is none. */
  async record(key: Digest, observed: JsonObject): Promise<BelievedRecord | undefined> {
    const { keys, scope } = this.#options;
    const candidates = [...new Set([scope, 'main'])].flatMap((scope) =>
      keys
        .filter((key) => mayWrite(key, scope))
        .map((writer) => ({ writer, name: { key, observed, scope } })),
    );
    const found = await Promise.all(candidates.map(({ writer, name }) => this.#recordOf(writer, name)));
    return found.find((believed) => believed !== undefined);
  }

  /** Bytes that an object has in the store; undefined if it is not there, or was refused: it will not be had from there. */
  async size(digest: Digest): Promise<number | undefined> {
    if (this.#damaged.has(`cas/${digest}`)) return undefined;
    return await this.#ask('reading', (store) => store.size(`cas/${digest}`, this.#patience.shortly()));
  }

  /** Brings an object into the store of this disk, if it can be had. `bytes`: what it has, if that is known. */
  async fetch(digest: Digest, bytes: number | undefined, blobs: BlobStore): Promise<void> {
    const before = this.#fetching.get(digest);
    if (before !== undefined) return await before;
    const fetching = this.#fetch(digest, bytes, blobs);
    this.#fetching.set(digest, fetching);
    await fetching.finally(() => this.#fetching.delete(digest));
  }

  /** The same store for machines that work for this run, and share no folder with it. */
  exchange(): Exchange {
    const { address, open, cacheDirectory } = this.#options;
    return new Exchange({ address, open, cacheDirectory, patience: this.#patience });
  }

  /** Brings nothing more here: nobody will read it. */
  endFetches(): void {
    this.#gone.reading = true;
    this.#fetchesEnd.abort(new Error('the run was cancelled'));
  }

  /** Uploads a result beside the work that goes on; nothing without a key to sign it with. */
  upload(record: ActionRecord, objects: ObjectStore): void {
    if (!this.#gone.writing) this.#uploads?.add(record, objects);
  }

  /** Waits until all is uploaded, or the signal ends that. */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#uploads?.finish(signal);
  }

  get address(): string {
    return this.#options.address;
  }

  get canUpload(): boolean {
    return this.#uploads !== undefined;
  }

  /** How many results are still to be uploaded. */
  get waiting(): number {
    return this.#uploads?.waiting ?? 0;
  }

  /** Bytes of objects that this process uploads, and of those that it brings here. */
  get transferred(): { readonly sent: TransferredBytes; readonly received: TransferredBytes } {
    return { sent: this.#uploads?.bytes ?? { done: 0, total: 0 }, received: this.#received.bytes };
  }

  async #fetch(digest: Digest, bytes: number | undefined, blobs: BlobStore): Promise<void> {
    const transfer = this.#received.begin(bytes);
    const { cacheDirectory } = this.#options;
    const { silenceMs } = this.#patience;
    await this.#ask('reading', async (store) => {
      try {
        const { signal } = this.#fetchesEnd;
        const to = { cacheDirectory, blobs, silenceMs, signal, onReceived: transfer.moved };
        await fetchBlob(store, { digest, bytes }, to);
        // It may have said that it is there, and does not give it.
        if ((await blobs.size(digest)) === undefined) this.#damaged.add(`cas/${digest}`);
      } catch (error) {
        if (!(error instanceof RefusedBlob)) throw error;
        this.#damaged.add(`cas/${digest}`);
        this.#tell({
          code: 'remote-refused',
          message: `Object ${digest} of ${this.address} is not used: ${error.message}`,
        });
      }
    });
    transfer.end();
  }

  async #recordOf(writer: TrustedKey, name: RecordName): Promise<BelievedRecord | undefined> {
    const path = storedName(name, keyId(writer.key));
    const text = await this.#ask('reading', async (store) => {
      const body = await store.get(path, 0, this.#patience.shortly());
      return body && (await readAll(body, MOST_RECORD_BYTES).catch(unlessTooLong));
    });
    if (text === undefined) return undefined;
    try {
      if (text instanceof TooLong) throw text;
      const record = readSigned(text, name, writer);
      await this.#note(path, { text: digestOfBytes(text), writer: keyId(writer.key), action: name.key });
      return { record, writer: writer.name };
    } catch (error) {
      this.#damaged.add(path);
      this.#tell({
        code: 'remote-refused',
        message: `The record of action ${name.key} by ${writer.name} in ${this.address} is not used: ${messageOf(error)}`,
      });
      return undefined;
    }
  }

  /** Throws an Error where another text was under this name before: a record never changes, so it was put back or forged. */
  async #note(path: string, fetched: Fetched): Promise<void> {
    const { cacheDirectory } = this.#options;
    const before = fetchedBefore(cacheDirectory, path);
    if (before !== undefined && before.text !== fetched.text)
      throw new Error('it is another one than was there before');
    await noteFetched(cacheDirectory, path, fetched);
  }

  /** What the store answers; undefined where it cannot, after which it is not asked again. */
  async #ask<T>(
    what: 'reading' | 'writing',
    question: (store: RemoteStore) => Promise<T>,
  ): Promise<T | undefined> {
    if (this.#gone.reading || this.#gone[what]) return undefined;
    this.#store ??= this.#options.open();
    try {
      return await question(await this.#store);
    } catch (error) {
      if (this.#gone.reading || this.#gone[what] || this.#uploads?.isEnded) return undefined;
      this.#gone[what] = true; // many may only read
      const without = what === 'reading' ? 'goes on without it' : 'uploads nothing more';
      this.#tell({
        code: 'remote-unreachable',
        message: `The remote cache ${this.address} cannot be used (${messageOf(error)}): this run ${without}`,
      });
      return undefined;
    }
  }

  #tell(problem: CacheProblem): void {
    const text = canonicalJson([problem.code, problem.message]);
    if (!this.#told.has(text)) this.#options.onProblem(problem);
    this.#told.add(text);
  }
}

/** The fault is that of one record, not of the store. */
function unlessTooLong(error: unknown): TooLong {
  if (error instanceof TooLong) return error;
  throw error;
}
