import type { ModelConfig } from '../../model/families/model-config.ts';
import { CONFIG } from '../../model/files/config-file.ts';
import { readJsonObject } from '../../model/files/json-file.ts';
import { ModelFileError } from '../../model/files/model-file-error.ts';
import { readConfig } from '../../model/files/model-folder.ts';
import type { ModelPiece } from '../../model/files/model-piece.ts';
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
  const said = shapeOf(stored);
  const compared = completePiece(settings) ? said : said.filter(([name]) => name !== 'layer_norm_epsilon');
  const differences = compared
    .filter(([name, value]) => model[name] !== undefined && model[name] !== value)
    .map(([name, value]) => `${name} is ${value}, the model's is ${model[name]}`);
  if (differences.length > 0) {
    const shape = said.map(([name, value]) => `${name}: ${value}`);
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

/** What a shape that is written out in the settings says of a model. */
function shapeOf(stored: ModelConfig): (readonly [keyof ModelPiece, number])[] {
  const shared = SHAPE.map((name) => [name, stored[name]] as const);
  return stored.model_type === 'gpt2'
    ? [...shared, ['layer_norm_epsilon', stored.layer_norm_epsilon]]
    : shared;
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
