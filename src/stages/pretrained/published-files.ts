import { join } from 'node:path';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { CONVERT } from '../../model/files/folder-weights.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { checkHparams, checkpointPrefix } from '../../model/files/openai/openai-weights.ts';
import { bundleDataFiles } from '../../model/files/openai/tensor-bundle.ts';
import { readWeightMap, shardNames, WEIGHTS, WEIGHTS_INDEX } from '../../model/files/safetensors-index.ts';
import { NotFoundError } from '../network/download-answer.ts';
import { downloadFile } from '../network/download-file.ts';
import { shownUrl } from '../network/network-error.ts';
import { refuseDownload, takeOverDownload } from '../network/partial-file.ts';
import type { PretrainedSettings } from './settings.ts';

/** Brings a file of a published model by its name there: its path here, or undefined if there is no such file. */
type Bring = (name: string) => Promise<string | undefined>;

/**
 * Brings the files of an OpenAI checkpoint. What is small comes first and is checked: at 5 MB/s a wrong size would
 * be a loss of minutes.
 */
export async function bringOpenAi(bring: Bring, config: ModelConfig): Promise<void> {
  const hparams = await bring('hparams.json');
  if (hparams !== undefined) await checkHparams(hparams, config);
  const checkpoint = await bring('checkpoint');
  const prefix = checkpoint === undefined ? 'model.ckpt' : await checkpointPrefix(checkpoint);
  const index = await required(bring, `${prefix}.index`);
  for (const name of await bundleDataFiles(index, prefix)) await required(bring, name);
}

/**
 * Brings config.json and the weights of a Hugging Face repository: one file, or an index and its shards. `check`
 * sees the configuration before any weights come.
 */
export async function bringHuggingFace(bring: Bring, check: () => Promise<unknown>): Promise<void> {
  await required(bring, 'config.json');
  await check();
  if ((await bring(WEIGHTS)) !== undefined) return;
  const index = await bring(WEIGHTS_INDEX);
  if (index === undefined) {
    throw new StageError(`There is neither ${WEIGHTS} nor ${WEIGHTS_INDEX}.`, {
      hint: `Only weights in the safetensors format are read: choose a revision that has them. Pickles (pytorch_model.bin) can be downloaded by hand and converted, for the input \`folder\`, with: ${CONVERT}`,
    });
  }
  for (const name of shardNames(await readWeightMap(index))) await required(bring, name);
}

async function required(bring: Bring, name: string): Promise<string> {
  const path = await bring(name);
  if (path !== undefined) return path;
  throw new StageError(`There is no file ${name}.`, {
    hint: 'Where sha256 pins files, it must pin this one too.',
  });
}

/**
 * Files of a published model, downloaded into the stage's work directory from the folder at `base`; what an earlier
 * attempt has is used. Where files are pinned, one without a pin counts as not there.
 */
export class Downloads {
  readonly #context: StageContext<PretrainedSettings>;
  readonly #base: string;
  readonly #paths = new Map<string, string>();

  constructor(context: StageContext<PretrainedSettings>, base: string) {
    this.#context = context;
    this.#base = base.replace(/\/*$/, '/');
  }

  /** Path of a file that was brought. */
  readonly file = (name: string): string | undefined => this.#paths.get(name);

  /**
   * Drops the files that a reader has refused, so that the next attempt asks for them again, and says where they came from.
   * Those with a pin are what they should be, and stay. Gives the error to throw.
   */
  async dropRefused(error: ModelFileError): Promise<ModelFileError> {
    const pinned = this.#context.settings.sha256 !== undefined;
    const brought = [...this.#paths.keys()];
    const refused = brought.filter((name) => error.files.length === 0 || error.files.includes(name));
    if (pinned || refused.length === 0) return error;
    for (const name of refused) await refuseDownload(this.#paths.get(name)!);
    const from = refused.map((name) => shownUrl(this.#base + name)).join(' and ');
    const again = 'Nothing of it was kept: the next run asks for it again.';
    return new ModelFileError(`${error.message} (from ${from})`, {
      files: refused,
      hint: error.hint === undefined ? again : `${error.hint} ${again}`,
    });
  }

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
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
    this.#paths.set(name, destination);
    return destination;
  };
}
