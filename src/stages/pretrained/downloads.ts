import { join } from 'node:path';
import type { StageContext } from '../../contract/stage-context.ts';
import { digestOfFile } from '../../files/digest.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { shownUrl } from '../../network/network-error.ts';
import { NotFoundError } from '../network/download-answer.ts';
import { downloadFile } from '../network/download-file.ts';
import { huggingFaceAuthorization, loginHint } from '../network/hugging-face.ts';
import { refuseDownload, takeOverDownload } from '../network/partial-file.ts';
import { fileAddress } from './addresses.ts';
import { type LocalSnapshot, localSnapshot } from './local-cache.ts';
import type { Bring } from './published-files.ts';
import type { PretrainedSettings } from './settings.ts';

/** A file that was brought. */
interface Brought {
  readonly path: string;
  readonly sha256: string;
  /** In words or as an address. */
  readonly from: string;
  /** It is in the work directory, and not somebody else's. */
  readonly ours: boolean;
}

/**
 * Files of a published model, downloaded into the stage's work directory; what an earlier attempt has is used, and what the local
 * cache of Hugging Face has of the same commit. Where files are
 * pinned, one without a pin counts as not there.
 */
export class Downloads {
  readonly #context: StageContext<PretrainedSettings>;
  #local: Promise<LocalSnapshot | undefined> | undefined;
  readonly #brought = new Map<string, Brought>();

  constructor(context: StageContext<PretrainedSettings>) {
    this.#context = context;
  }

  /** Path of a file that was brought. */
  readonly file = (name: string): string | undefined => this.#brought.get(name)?.path;

  readonly bring: Bring = async (name) => {
    const { settings, workDirectory, earlierWorkDirectories, signal, progress, warn, log } = this.#context;
    const pin = settings.sha256?.[name];
    if (settings.sha256 !== undefined && pin === undefined) return undefined;
    const local = await this.#localFile(name, pin);
    if (local !== undefined) return local;
    if (await (await this.#snapshot())?.lacks(name)) return undefined;
    const url = await this.#address(name);
    const destination = join(workDirectory, name);
    await takeOverDownload(destination, earlierWorkDirectories);
    try {
      const { bytes, digest: sha256 } = await downloadFile({
        url,
        destination,
        sha256: pin,
        isData: true,
        authorization: huggingFaceAuthorization(url, this.#context),
        loginHint: loginHint(url, this.#context),
        maxBytes: settings.max_bytes,
        signal,
        onProgress: (done, total) => progress({ done, total, unit: 'bytes', metrics: { file: name } }),
        onRetry: (message) => warn(message),
      });
      log(`${name}: ${bytes} bytes, sha256 ${sha256}`);
      this.#brought.set(name, { path: destination, sha256, from: shownUrl(url), ours: true });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
    return destination;
  };

  /** The commit in the local cache, looked for once. */
  #snapshot(): Promise<LocalSnapshot | undefined> {
    this.#local ??= localSnapshot(this.#context);
    return this.#local;
  }

  /** Where a file is downloaded from. Where some files are local, the others must be of the same commit. */
  async #address(name: string): Promise<string> {
    const { settings } = this.#context;
    const snapshot = await this.#snapshot();
    const known = snapshot !== undefined && settings.sha256 === undefined;
    return fileAddress(name, known ? { ...settings, revision: snapshot.commit } : settings, this.#context);
  }

  async #localFile(name: string, pin: string | undefined): Promise<string | undefined> {
    const snapshot = await this.#snapshot();
    const path = await snapshot?.file(name);
    if (snapshot === undefined || path === undefined) return undefined;
    const { digest, bytes } = await digestOfFile(path);
    if (pin !== undefined && pin !== digest) return undefined;
    const { commit } = snapshot;
    this.#context.log(
      `${name}: ${bytes} bytes, sha256 ${digest}, from the local Hugging Face cache, commit ${commit}`,
    );
    this.#brought.set(name, { path, sha256: digest, from: path, ours: false });
    return path;
  }

  /**
   * Drops the files that a reader has refused, so that the next attempt asks for them again, and says where they came from.
   * Those with a pin are what they should be, and stay. Gives the error to throw.
   */
  async dropRefused(error: ModelFileError): Promise<ModelFileError> {
    const pinned = this.#context.settings.sha256 !== undefined;
    const brought = [...this.#brought.keys()];
    const refused = brought.filter((name) => error.files.length === 0 || error.files.includes(name));
    if (pinned || refused.length === 0) return error;
    const files = refused.map((name) => this.#brought.get(name)!);
    for (const { path, ours } of files) if (ours) await refuseDownload(path);
    const from = files.map((file) => file.from).join(' and ');
    const again = files.every(({ ours }) => ours)
      ? 'Nothing of it was kept: the next run asks for it again.'
      : 'Remove the file of the local cache if it is damaged.';
    return new ModelFileError(`${error.message} (from ${from})`, {
      files: refused,
      hint: error.hint === undefined ? again : `${error.hint} ${again}`,
    });
  }

  /** Says, and records, which digests pin what was downloaded without a pin. */
  tellDigests(): void {
    const { settings, fact, log } = this.#context;
    if (this.#brought.size === 0) return;
    const digests = Object.fromEntries(Array.from(this.#brought, ([name, { sha256 }]) => [name, sha256]));
    fact('downloaded', digests);
    if (settings.sha256 === undefined)
      log('None of these files is pinned: `pipe pin FILE` writes their digests into the pipeline file.');
  }
}
