import type { World } from '../../contract/world.ts';
import { huggingFaceAddress } from '../network/hugging-face.ts';
import type { PretrainedSettings } from './settings.ts';

const OPENAI_ADDRESS = 'https://openaipublic.blob.core.windows.net/gpt-2/models';

/** Address of the folder that has the model's files; undefined where the settings do not say. */
export function baseAddress(
  { source, model, url, revision }: PretrainedSettings,
  world: Pick<World, 'environment'>,
): string | undefined {
  if (url !== undefined) return url;
  if (source === 'openai') return model?.openai && `${OPENAI_ADDRESS}/${model.openai}`;
  return model?.huggingface && `${huggingFaceAddress(world)}/${model.huggingface}/resolve/${revision}`;
}
