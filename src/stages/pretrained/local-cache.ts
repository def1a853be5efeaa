import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageContext } from '../../contract/stage-context.ts';
import type { Environment } from '../../contract/world.ts';
import { outsideText } from '../../network/outside-text.ts';
import { requestFile } from '../network/download-request.ts';
import { huggingFaceAddress, huggingFaceAuthorization } from '../network/hugging-face.ts';
import type { PretrainedSettings } from './settings.ts';

const COMMIT = /^[0-9a-f]{40}$/;
/** What a server says of a revision is a few KB, or the list of a repository's files. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20;

/** A commit of a repository as the cache of the program `hf` has it, on this machine. */
export interface LocalSnapshot {
  readonly commit: string;
  /** Path of a file, or undefined where the cache does not have it. */
  file(name: string): Promise<string | undefined>;
  /** Whether the cache remembers that the commit has no such file. */
  lacks(name: string): Promise<boolean>;
}

/**
 * The commit that a download would be of, in the local cache of Hugging Face, if the cache has files of it
 * (https://huggingface.co/docs/huggingface_hub/guides/manage-cache). It only stands in for the same download: a branch or tag is the
 * commit that the server names now. Where every file is pinned the digests decide, so what the cache remembers of a branch will do.
 */
export async function localSnapshot(
  context: StageContext<PretrainedSettings>,
): Promise<LocalSnapshot | undefined> {
  const { settings, environment } = context;
  const { source, model, url, revision, sha256 } = settings;
  if (source !== 'huggingface' && source !== 'gguf') return undefined;
  if (url !== undefined || model?.huggingface === undefined) return undefined;
  const repository = join(cacheFolder(environment), `models--${model.huggingface.replace('/', '--')}`);
  if (!(await isThere(repository))) return undefined;
  const remembered = COMMIT.test(revision) ? revision : await rememberedCommit(repository, revision);
  const known = COMMIT.test(revision) || sha256 !== undefined;
  const commit = known ? remembered : await commitAtServer(context, model.huggingface, remembered);
  if (commit === undefined) return undefined;
  const folder = join(repository, 'snapshots', commit);
  if (!(await isThere(folder))) return undefined;
  return {
    commit,
    file: async (name) => ((await isThere(join(folder, name))) ? join(folder, name) : undefined),
    lacks: (name) => isThere(join(repository, '.no_exist', commit, name)),
  };
}

function cacheFolder({ HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HOME = '' }: Environment): string {
  if (HF_HUB_CACHE) return HF_HUB_CACHE;
  return join(HF_HOME || join(XDG_CACHE_HOME || join(HOME, '.cache'), 'huggingface'), 'hub');
}

async function rememberedCommit(repository: string, revision: string): Promise<string | undefined> {
  const text = await readFile(join(repository, 'refs', revision), 'utf8').catch(() => '');
  return COMMIT.test(text.trim()) ? text.trim() : undefined;
}

/** The commit that a branch or tag is now, or undefined where the server does not say: then the download reports why. */
async function commitAtServer(
  context: StageContext<PretrainedSettings>,
  repository: string,
  remembered: string | undefined,
): Promise<string | undefined> {
  const { settings, signal, warn } = context;
  const url = `${huggingFaceAddress(context)}/api/models/${repository}/revision/${encodeURIComponent(settings.revision)}`;
  try {
    const answer = await requestFile(url, {}, signal, huggingFaceAuthorization(url, context));
    let text = '';
    for await (const chunk of answer.body()) {
      text += Buffer.from(chunk).toString('latin1');
      if (text.length > MAX_ANSWER_BYTES) return undefined;
    }
    const { sha }: { readonly sha?: unknown } = answer.status === 200 ? Object(JSON.parse(text)) : {};
    return typeof sha === 'string' && COMMIT.test(sha) ? sha : undefined;
  } catch (error) {
    signal.throwIfAborted();
    const why = outsideText(error instanceof Error ? error.message : String(error));
    const hint = `The local cache has the commit ${remembered} of it: \`revision: ${remembered}\` takes that, without a server.`;
    warn(`Which commit ${settings.revision} is could not be asked: ${why}`, remembered ? hint : undefined);
    return undefined;
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
