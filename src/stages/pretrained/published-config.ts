import type { ModelConfig } from '../../model/families/model-config.ts';
import { CONFIG } from '../../model/files/config-file.ts';
import { readJsonObject } from '../../model/files/json-file.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { readConfig } from '../../model/files/model-folder.ts';
import { completePiece, type PretrainedSettings, SHAPE } from './settings.ts';

/** Finds a file of the published model by its name there. */
export type FindFile = (name: string) => string | undefined;

const GENERATION_CONFIG = 'generation_config.json';

/**
 * What a Hugging Face folder says of its model: the shape of config.json, with which the settings must agree where they say
 * something, and the ends of generation_config.json besides. Throws ModelFileError.
 */
export async function publishedConfig(file: FindFile, settings: PretrainedSettings): Promise<ModelConfig> {
  const stored = await withEnds(await readConfig({ file }), file, settings);
  checkPublished(CONFIG, stored, settings);
  return stored;
}

/** Compares what a file says of its model with the settings, where they say something. Throws ModelFileError. */
export function checkPublished(file: string, stored: ModelConfig, settings: PretrainedSettings): void {
  const { model = { layer_norm_epsilon: 1e-5 } } = settings;
  // The epsilon has a default, which counts only in a shape that is written out.
  const compared = completePiece(settings) ? ([...SHAPE, 'layer_norm_epsilon'] as const) : SHAPE;
  const differences = compared
    .filter((name) => model[name] !== undefined && model[name] !== stored[name])
    .map((name) => `${name} is ${stored[name]}, the model's is ${model[name]}`);
  if (differences.length > 0) {
    const shape = [...SHAPE, 'layer_norm_epsilon' as const].map((name) => `${name}: ${stored[name]}`);
    throw new ModelFileError(`${file} describes another model: ${differences.join('; ')}.`, {
      files: [file],
      hint: `If it is the right one, leave the shape out, which takes that of ${file}, or write: model: { ${shape.join(', ')} }`,
    });
  }
  if (settings.tie_word_embeddings && !stored.tie_word_embeddings) {
    throw new ModelFileError('The published model has a head of its own, which cannot be tied.', {
      files: [file],
      hint: 'Set tie_word_embeddings: false.',
    });
  }
}

/** The ends of a reply: those of config.json, or if it names none those of the settings, and those of generation_config.json. */
async function withEnds(
  config: ModelConfig,
  file: FindFile,
  { model }: PretrainedSettings,
): Promise<ModelConfig> {
  const { eos_token_id } = await readJsonObject(file(CONFIG)!, CONFIG);
  const said = eos_token_id !== undefined && eos_token_id !== null;
  const first = said ? config.eos_token_id : (model?.eos_token_id ?? config.eos_token_id);
  const generation = file(GENERATION_CONFIG);
  const more = generation === undefined ? {} : await readJsonObject(generation, GENERATION_CONFIG);
  const ids = [more.eos_token_id ?? []].flat().filter((id): id is number => Number.isSafeInteger(id));
  const ends = [...new Set([first, ...(config.eos_token_ids ?? []), ...ids])];
  const { eos_token_ids: _, ...rest } = config;
  return { ...rest, eos_token_id: first, ...(ends.length > 1 && { eos_token_ids: ends }) };
}
