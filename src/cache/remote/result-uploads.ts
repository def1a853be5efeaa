import type { ObjectStore } from '../objects/object-store.ts';
import type { ActionRecord } from '../records/action-record.ts';
import { restoreInline } from '../records/inline-outputs.ts';
import type { Patience } from './patience.ts';
import { sendArtifact } from './send-artifact.ts';
import type { Asking, RemoteStore } from './stores/remote-store.ts';
import { type Transfer, type TransferredBytes, Transfers } from './transfers.ts';
import { signRecord, storedName } from './trust/signed-record.ts';
import type { SigningKey } from './trust/signing-key.ts';
import { keyId } from './trust/trusted-keys.ts';
import { UploadQueue } from './upload-queue.ts';

export interface UploadOptions {
  readonly signingKey: SigningKey;
  readonly scope: string;
  readonly patience: Patience;
  /** Asks the store, unless it cannot be used any more. Never throws. */
  readonly ask: (question: (store: RemoteStore) => Promise<void>) => Promise<unknown>;
  /** Whether what the store has under a name was refused. */
  readonly isDamaged: (name: string) => boolean;
}

/** Uploads of results that go on beside the work: of each its objects, then its record. */
export class ResultUploads {
  readonly #options: UploadOptions;
  readonly #queue: UploadQueue;
  readonly #sent = new Transfers();

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#queue = new UploadQueue(options.patience.silenceMs);
  }

  add(record: ActionRecord, objects: ObjectStore): void {
    const outputs = Object.values(record.outputs).map((output) => ({
      output,
      transfer: this.#sent.begin(output.bytes),
    }));
    this.#queue.add(async () => {
      await this.#options.ask(async (store) => {
        await restoreInline(record, objects);
        for (const { output, transfer } of outputs)
          if (!(await this.#sendOutput(store, output, transfer, objects))) return; // nor a record of what is lost
        await this.#sendRecord(store, record);
      });
      for (const { transfer } of outputs) transfer.end();
    });
  }

  /** Waits until all is uploaded, or the signal ends that. */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#queue.finish(signal);
  }

  /** How many results are still to be uploaded. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** Of objects. */
  get bytes(): TransferredBytes {
    return this.#sent.bytes;
  }

  /** Given up, by the signal. */
  get isEnded(): boolean {
    return this.#queue.isEnded;
  }

  /** False where an object is lost. */
  async #sendOutput(
    store: RemoteStore,
    output: ActionRecord['outputs'][string],
    { moved }: Transfer,
    objects: ObjectStore,
  ): Promise<boolean> {
    const { patience, isDamaged } = this.#options;
    const send = (put: (asking: Asking) => Promise<void>) => this.#queue.send(moved, put);
    return (await sendArtifact(store, output, objects, { patience, isDamaged, send })) === undefined;
  }

  /** A record is never replaced, unless what is there is none that anybody believes. */
  async #sendRecord(store: RemoteStore, record: ActionRecord): Promise<void> {
    const { signingKey, scope, patience, isDamaged } = this.#options;
    const name = storedName({ ...record, scope }, keyId(signingKey.key));
    const isThere = (await store.size(name, patience.shortly())) !== undefined;
    if (isThere && !isDamaged(name)) return;
    const text = Buffer.from(signRecord(record, scope, signingKey));
    await store.put(name, text, isThere ? 'replace' : 'create', patience.shortly());
  }
}
