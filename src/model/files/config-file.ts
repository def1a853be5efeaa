import { FAMILIES, familyOf } from '../families/families.ts';
import type { ModelFamily } from '../families/family.ts';
import type { ModelConfig } from '../families/model-config.ts';
import { readJsonObject } from './json-file.ts';
import { ModelFileError } from './model-file-error.ts';

const FAMILY_NAMES = new Intl.ListFormat('en').format(Object.keys(FAMILIES));

/** In what families that people ask for differ from those that are known. */
const DIFFERENCES: ReadonlyMap<unknown, string> = new Map(
  Object.entries({
    mistral: 'is built like a Llama, but all its blocks have windows',
    mixtral: 'has experts, of which each token takes two',
    qwen2_moe: 'has experts, of which each token takes some',
    qwen3_moe: 'has experts, of which each token takes some',
    gemma: 'multiplies its embeddings as Gemma 3 does, but normalises less',
    gemma2: 'limits its scores by a tanh (soft caps), which Gemma 3 does no more',
    gemma3: 'also sees pictures; the text models of 270M and 1B have model_type gemma3_text',
    phi3: 'is built like a Llama, but has queries, keys and values in one matrix',
    olmo2: 'is built like a Llama, but normalises only what is added',
    gpt_neox: 'has attention and the wide layers side by side',
  }),
);

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
  const differs = DIFFERENCES.get(name);
  throw ModelFileError.of(
    CONFIG,
    `model_type is ${JSON.stringify(name)}, only ${FAMILY_NAMES} are supported`,
    differs && `A model of this type ${differs}.`,
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
