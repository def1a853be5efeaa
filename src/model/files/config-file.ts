import { readFile } from 'node:fs/promises';
import { FAMILIES, familyOf } from '../families/families.ts';
import type { ModelFamily } from '../families/family.ts';
import type { ModelConfig } from '../families/model-config.ts';
import { ModelFileError } from './model-file-error.ts';

/**
 * Reads the config.json of a Hugging Face folder. Throws ModelFileError that names the file and the setting if it
 * describes a model that this program would compute wrongly.
 */
export async function readConfigFile(path: string): Promise<ModelConfig> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ModelFileError(`${path}: not JSON (${(error as Error).message})`);
  }
  if (typeof json !== 'object' || json === null) throw new ModelFileError(`${path}: not a JSON object`);
  const values = json as Record<string, unknown>;
  return familyNamed('model_type' in values ? values.model_type : 'gpt2', path).configFile.read(values, path);
}

/** The config.json from which `transformers` builds the same model. */
export function configFile(config: ModelConfig, dtype: 'float32' | 'float16' = 'float32'): string {
  return json(familyOf(config).configFile.write(config, dtype));
}

/** The generation_config.json that goes with it. */
export function generationConfigFile(config: ModelConfig): string {
  return json({ bos_token_id: config.eos_token_id, eos_token_id: config.eos_token_id });
}

function familyNamed(name: unknown, path: string): ModelFamily {
  const found = Object.entries(FAMILIES).find(([known]) => known === name);
  if (found) return found[1];
  throw new ModelFileError(
    `${path}: model_type is ${JSON.stringify(name)}, only ${Object.keys(FAMILIES).join(' or ')} is supported`,
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
