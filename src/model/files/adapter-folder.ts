import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelFamily } from '../families/family.ts';
import type { LoraAdapter } from '../network/lora.ts';
import { type TensorSource, writeSafetensors } from './safetensors.ts';

/**
 * Writes an adapter as PEFT does, for `PeftModel.from_pretrained`: its settings and its matrices alone
 * (https://huggingface.co/docs/peft/developer_guides/checkpoint). Which model of the family it belongs to is not said.
 */
export async function saveAdapter(
  directory: string,
  adapter: LoraAdapter,
  family: ModelFamily,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'adapter_config.json'), configFile(adapter, family));
  const sources = Array.from(adapter.parameters, ([name, variable]): TensorSource => {
    const bytes = () => variable.data<'float32'>();
    return { name: `base_model.model.${name}`, dtype: 'F32', shape: variable.shape, bytes };
  });
  await writeSafetensors(join(directory, 'adapter_model.safetensors'), sources, { format: 'pt' });
}

function configFile(
  { options: { rank, alpha, dropout, targets } }: LoraAdapter,
  { huggingFace }: ModelFamily,
): string {
  const config = {
    base_model_name_or_path: null,
    bias: 'none',
    fan_in_fan_out: huggingFace.fanInFanOut,
    inference_mode: true,
    lora_alpha: alpha,
    lora_dropout: dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: rank,
    target_modules: targets,
    task_type: 'CAUSAL_LM',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
