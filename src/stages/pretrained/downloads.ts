import { join } from 'node:path';
import type { StageContext } from '../../contract/stage-context.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { NotFoundError } from '../network/download-answer.ts';
import { downloadFile } from '../network/download-file.ts';
import { shownUrl } from '../network/network-error.ts';
import { refuseDownload, takeOverDownload } from '../network/partial-file.ts';
import { baseAddress } from './addresses.ts';
import type { Bring } from './published-files.ts';
import type { PretrainedSettings } from './settings.ts';

/** A file that was brought. */
interface Brought {
  readonly path: string;
  readonly sha256: string;
}

/**
 * Files of a published model, downloaded into the stage's work directory; what an earlier attempt has is used. Where files are
 * pinned, one without a pin counts as not there.
 */
export class Downloads {
  readonly #context: StageContext<PretrainedSettings>;
  readonly #base: string;
  readonly #brought = new Map<string, Brought>();

  constructor(context: StageContext<PretrainedSettings>) {
    this.#context = context;
    this.#base = (baseAddress(context.settings, context.environment) ?? '').replace(/\/*$/, '/');
  }

  /** Path of a file that was brought. */
  readonly file = (name: string): string | undefined => this.#brought.get(name)?.path;

  readonly bring: Bring = async (name) => {
    const { settings, workDirectory, earlierWorkDirectories, signal, progress, warn, log } = this.#context;
    const pin = settings.sha256?.[name];
    if (settings.sha256 !== undefined && pin === undefined) return undefined;
    const destination = join(workDirectory, name);
    await takeOverDownload(destination, earlierWorkDirectories);
    try {
      const { bytes, digest: sha256 } = await downloadFile({
        url: this.#base + name,
        destination,
        sha256: pin,
        isData: true,
        maxBytes: settings.max_bytes,
        signal,
        onProgress: (done, total) => progress({ done, total, unit: 'bytes', metrics: { file: name } }),
        onRetry: (message) => warn(message),
      });
      log(`${name}: ${bytes} bytes, sha256 ${sha256}`);
      this.#brought.set(name, { path: destination, sha256 });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
    return destination;
  };

  /**
   * Drops the files that a reader has refused, so that the next attempt asks for them again, and says where they came from.
   * Those with a pin are what they should be, and stay. Gives the error to throw.
   */
  async dropRefused(error: ModelFileError): Promise<ModelFileError> {
    const pinned = this.#context.settings.sha256 !== undefined;
    const brought = [...this.#brought.keys()];
    const refused = brought.filter((name) => error.files.length === 0 || error.files.includes(name));
    if (pinned || refused.length === 0) return error;
    for (const name of refused) await refuseDownload(this.#brought.get(name)!.path);
    const from = refused.map((name) => shownUrl(this.#base + name)).join(' and ');
    const again = 'Nothing of it was kept: the next run asks for it again.';
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
      log(`To pin these files, add under \`with\`: sha256: ${JSON.stringify(digests)}`);
  }
}
