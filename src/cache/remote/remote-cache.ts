import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { type Digest, digestOfBytes } from '../../files/digest.ts';
import type { CacheProblem, OnCacheProblem } from '../cache-problem.ts';
import type { BlobStore } from '../objects/blob-store.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ActionRecord } from '../records/action-record.ts';
import { fetchBlob, RefusedBlob, readAll } from './fetch-blob.ts';
import { type Fetched, fetchedBefore, noteFetched } from './fetched-records.ts';
import type { RemoteStore } from './stores/remote-store.ts';
import { type RecordName, readSigned, signRecord, storedName } from './trust/signed-record.ts';
import type { SigningKey } from './trust/signing-key.ts';
import { keyId, mayWrite, type TrustedKey } from './trust/trusted-keys.ts';
import { UploadQueue } from './upload-queue.ts';

/** For a question whose answer is small. */
const PATIENCE_MS = 10_000;
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
}

/**
 * Results that others have made, and a place for one's own. It may be slow, full, lying or gone: then a run goes on as if it
 * held nothing, and says so once. Nothing of it is used before it is checked: records by their signatures, objects by
 * their digests.
 */
export class RemoteCache {
  readonly #options: RemoteOptions;
  readonly #uploads = new UploadQueue();
  readonly #told = new Set<string>();
  #store: Promise<RemoteStore> | undefined;
  /** What is not tried any more, after it failed once. */
  readonly #gone = { reading: false, writing: false };

  constructor(options: RemoteOptions) {
    this.#options = options;
    this.#gone.writing = options.signingKey === undefined;
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

  /** Bytes that an object has in the store; undefined if it is not there. */
  async size(digest: Digest): Promise<number | undefined> {
    return await this.#ask('reading', (store) => store.size(`cas/${digest}`, shortly()));
  }

  /** Brings an object into the store of this disk, if it can be had. `bytes`: what it has, if that is known. */
  async fetch(digest: Digest, bytes: number | undefined, blobs: BlobStore): Promise<void> {
    await this.#ask('reading', async (store) => {
      try {
        await fetchBlob(store, { digest, bytes }, this.#options.cacheDirectory, blobs);
      } catch (error) {
        if (!(error instanceof RefusedBlob)) throw error;
        this.#tell({
          code: 'remote-refused',
          message: `Object ${digest} of ${this.address} is not used: ${error.message}`,
        });
      }
    });
  }

  /** Uploads a result beside the work that goes on: its objects, then its record. */
  upload(record: ActionRecord, objects: ObjectStore): void {
    const { signingKey, scope } = this.#options;
    if (signingKey === undefined) return;
    this.#uploads.add(() =>
      this.#ask('writing', async (store) => {
        for (const output of Object.values(record.outputs)) {
          for (const [digest, file] of (await objects.parts(output)) ?? []) {
            if ((await store.size(`cas/${digest}`, shortly())) !== undefined) continue;
            await store.put(`cas/${digest}`, { file, sha256: digest }, this.#uploads.asking);
          }
        }
        const name = storedName({ ...record, scope }, keyId(signingKey.key));
        if ((await store.size(name, shortly())) !== undefined) return; // a record is never replaced
        await store.put(name, Buffer.from(signRecord(record, scope, signingKey)), shortly());
      }),
    );
  }

  /** Waits until all is uploaded, or the signal ends that. */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#uploads.finish(signal);
  }

  get address(): string {
    return this.#options.address;
  }

  get canUpload(): boolean {
    return this.#options.signingKey !== undefined;
  }

  /** How many results are still to be uploaded. */
  get waiting(): number {
    return this.#uploads.waiting;
  }

  async #recordOf(writer: TrustedKey, name: RecordName): Promise<BelievedRecord | undefined> {
    const path = storedName(name, keyId(writer.key));
    const text = await this.#ask('reading', async (store) => {
      const body = await store.get(path, 0, shortly());
      return body && (await readAll(body, MOST_RECORD_BYTES));
    });
    if (text === undefined) return undefined;
    try {
      const record = readSigned(text, name, writer);
      await this.#note(path, { text: digestOfBytes(text), writer: keyId(writer.key), action: name.key });
      return { record, writer: writer.name };
    } catch (error) {
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
      if (this.#gone.reading || this.#gone[what] || this.#uploads.asking.signal.aborted) return undefined;
      this.#gone[what] = true; // many may only read
      const without = what === 'reading' ? 'goes on without it' : 'uploads nothing more';
      this.#tell({
        code: 'remote-unreachable',
        message: `The remote cache ${this.address} cannot be used (${whole(error)}): this run ${without}`,
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

/** The message of an error and of what it wraps: `fetch` alone says only that it failed. */
function whole(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
  return messageOf(error) + cause;
}

function shortly() {
  return { signal: AbortSignal.timeout(PATIENCE_MS) };
}
