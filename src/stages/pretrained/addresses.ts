import type { World } from '../../contract/world.ts';
import { huggingFaceAddress } from '../network/hugging-face.ts';
import type { PretrainedSettings } from './settings.ts';

const OPENAI_ADDRESS = 'https://openaipublic.blob.core.windows.net/gpt-2/models';

/** Address of the folder that has the model's files, or with `gguf` of the only one if `url` says so; undefined where the settings do not say. */
export function baseAddress(
  { source, model, url, revision }: PretrainedSettings,
  world: Pick<World, 'environment'>,
): string | undefined {
  if (url !== undefined) return url;
  if (source === 'openai') return model?.openai && `${OPENAI_ADDRESS}/${model.openai}`;
  return model?.huggingface && `${huggingFaceAddress(world)}/${model.huggingface}/resolve/${revision}`;
}

/** Address of one of the model's files, whose settings say where they are. */
export function fileAddress(
  name: string,
  settings: PretrainedSettings,
  world: Pick<World, 'environment'>,
): string {
  const base = baseAddress(settings, world) ?? '';
  if (settings.source === 'gguf' && settings.url !== undefined) return base;
  return `${base.replace(/\/*$/, '/')}${name}`;
}

/** Name of a GGUF file that is to be downloaded: as it is pinned, and as messages call it. */
export function ggufName({ file, url }: Pick<PretrainedSettings, 'file' | 'url'>): string | undefined {
  if (file !== undefined) return file;
  const path = url !== undefined && URL.canParse(url) ? new URL(url).pathname : undefined;
  return path && (/[^/]+$/.exec(path)?.[0] ?? 'model.gguf');
}
