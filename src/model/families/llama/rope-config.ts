import type { ConfigValues } from '../config-values.ts';
import type { LayerType, LlamaConfig } from './llama-config.ts';
import { type Rope, usualAttentionFactor } from './rope.ts';

/** Hugging Face's default of `rope_theta`, but for Gemma 3's blocks that see everything. */
const THETA = 10_000;
const GEMMA_THETA = 1_000_000;

const LAYER_TYPES = ['full_attention', 'sliding_attention'] as const satisfies readonly LayerType[];
const TYPES = ['default', 'linear', 'llama3', 'yarn'] as const;

/**
 * Rotary positions of each kind of block, as a config.json says them: `rope_parameters`, for all kinds or for each, or in older
 * files `rope_theta`, `rope_scaling` and, for blocks with a window, `rope_local_base_freq`.
 */
export function ropesOf(
  values: ConfigValues,
  types: readonly LayerType[],
  n_positions: number,
): LlamaConfig['rope'] {
  const windowed = types.includes('sliding_attention');
  const ropes: Partial<Record<LayerType, Rope>> = {};
  for (const type of LAYER_TYPES.filter((one) => types.includes(one))) {
    const { name, found } = statedRope(values, type, windowed);
    ropes[type] = ropeOf(found, name, values, n_positions);
  }
  return ropes;
}

type Stated = Readonly<Record<string, unknown>>;

/** What the file says of one kind, and where. */
function statedRope(
  values: ConfigValues,
  type: LayerType,
  windowed: boolean,
): { readonly name: string; readonly found: Stated } {
  const parameters = values.value('rope_parameters');
  if (isObject(parameters)) {
    const own = parameters[type];
    return isObject(own)
      ? { name: `rope_parameters.${type}`, found: { rope_theta: THETA, ...own } }
      : { name: 'rope_parameters', found: { rope_theta: THETA, ...parameters } };
  }
  const isGemma = values.value('model_type') === 'gemma3_text';
  if (isGemma && type === 'sliding_attention')
    return {
      name: 'rope_local_base_freq',
      found: { rope_theta: values.value('rope_local_base_freq') ?? THETA },
    };
  const theta = values.value('rope_theta') ?? (isGemma && windowed ? GEMMA_THETA : THETA);
  const scaling = values.value('rope_scaling');
  if (scaling === undefined || scaling === null) return { name: 'rope_theta', found: { rope_theta: theta } };
  if (!isObject(scaling)) throw values.error('rope_scaling is no object');
  const { type: oldName, ...rest } = scaling;
  return { name: 'rope_scaling', found: { rope_theta: theta, rope_type: oldName ?? 'default', ...rest } };
}

function ropeOf(found: Stated, name: string, values: ConfigValues, n_positions: number): Rope {
  const number = (key: string, otherwise?: number): number => {
    const value = found[key] ?? otherwise;
    if (typeof value === 'number' && value > 0 && value < Infinity) return value;
    throw values.error(`${name}: ${key} is ${JSON.stringify(found[key])}, expected a positive number`);
  };
  const rope_type = TYPES.find((type) => type === (found.rope_type ?? 'default'));
  const rope_theta = number('rope_theta');
  switch (rope_type) {
    case undefined:
      throw values.error(
        `${name}: rope_type is ${JSON.stringify(found.rope_type)}, only ${TYPES.join(' or ')} is supported`,
      );
    case 'default':
      return { rope_theta, rope_type };
    case 'linear':
      return { rope_theta, rope_type, factor: number('factor') };
    case 'llama3':
      return {
        rope_theta,
        rope_type,
        factor: number('factor'),
        low_freq_factor: number('low_freq_factor'),
        high_freq_factor: number('high_freq_factor'),
        original_max_position_embeddings: number('original_max_position_embeddings'),
      };
    case 'yarn': {
      if ('mscale' in found || 'mscale_all_dim' in found || found.truncate === false)
        throw values.error(`${name}: mscale and truncate: false of YaRN are not supported`);
      const factor = number('factor');
      return {
        rope_theta,
        rope_type,
        factor,
        original_max_position_embeddings: number('original_max_position_embeddings', n_positions),
        beta_fast: number('beta_fast', 32),
        beta_slow: number('beta_slow', 1),
        attention_factor: number('attention_factor', usualAttentionFactor(factor)),
      };
    }
  }
}

/** In today's names and in those of older versions of transformers, which other programs read too. */
export function writtenRopes(rope: LlamaConfig['rope'], isGemma: boolean): Stated {
  const { full_attention: full, sliding_attention: sliding } = rope;
  const { rope_theta, ...scaling } = (full ?? sliding)!;
  return {
    rope_parameters: isGemma ? rope : { rope_theta, ...scaling },
    rope_scaling: scaling.rope_type === 'default' ? null : scaling,
    rope_theta,
    ...(isGemma && sliding && { rope_local_base_freq: sliding.rope_theta }),
  };
}

function isObject(value: unknown): value is Stated {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
