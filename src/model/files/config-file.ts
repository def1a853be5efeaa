import { FAMILIES, familyOf } from '../families/families.ts';
import type { ModelFamily } from '../families/family.ts';
import type { ModelConfig } from '../families/model-config.ts';
import { readJsonObject } from './json-file.ts';
import { ModelFileError } from './model-file-error.ts';

/** Name of the configuration in a Hugging Face folder. */
export const CONFIG = 'config.json';

/**
 * Reads the config.json of a Hugging Face folder. Throws ModelFileError that names the setting if it describes a model
 * that this program would compute wrongly.
 */
export async function readConfigFile(path: string): Promise<ModelConfig> {
  const values = await readJsonObject(path, CONFIG);
  return familyNamed('model_type' in values ? values.model_type : 'gpt2').configFile.read(values, CONFIG);
}

/** The config.json from which `transformers` builds the same model. */
export function configFile(config: ModelConfig, dtype: 'float32' | 'float16' = 'float32'): string {
  return json(familyOf(config).configFile.write(config, dtype));
}

/** The generation_config.json that goes with it. */
export function generationConfigFile(config: ModelConfig): string {
  return json({
    bos_token_id: config.eos_token_id,
    eos_token_id: config.eos_token_ids ?? config.eos_token_id,
  });
}

function familyNamed(name: unknown): ModelFamily {
  const found = Object.entries(FAMILIES).find(([known]) => known === name);
  if (found) return found[1];
  throw ModelFileError.of(
    CONFIG,
    `model_type is ${JSON.stringify(name)}, only ${Object.keys(FAMILIES).join(' or ')} is supported`,
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
