import type { PretrainedSettings } from './settings.ts';

const OPENAI_ADDRESS = 'https://openaipublic.blob.core.windows.net/gpt-2/models';
const HUGGINGFACE_ADDRESS = 'https://huggingface.co';

/** Where Hugging Face is: HF_ENDPOINT for a mirror, without a slash at its end. */
function huggingFaceAddress(environment: Readonly<Record<string, string | undefined>>): string {
  return (environment.HF_ENDPOINT?.trim() || HUGGINGFACE_ADDRESS).replace(/\/+$/, '');
}

/** Address of the folder that has the model's files; undefined where the settings do not say. */
export function baseAddress(
  { source, model, url, revision }: PretrainedSettings,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (url !== undefined) return url;
  if (source === 'openai') return model?.openai && `${OPENAI_ADDRESS}/${model.openai}`;
  return model?.huggingface && `${huggingFaceAddress(environment)}/${model.huggingface}/resolve/${revision}`;
}
