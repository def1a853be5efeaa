import type { GgufValue } from '../../files/gguf/gguf.ts';
import type { GgufMetadata } from '../../files/gguf/gguf-metadata.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import type { LlamaConfig } from './llama-config.ts';
import { notInGguf } from './not-in-gguf.ts';
import { type Rope, usualAttentionFactor } from './rope.ts';
import { factorsOf, ropeOfFactors } from './rope-factors.ts';

/*
 * Rotary positions in a GGUF file (llama_model_loader and ggml_rope_ext of llama.cpp): keys for a base and one factor, and a tensor where
 * each pair of numbers has a factor of its own.
 */

/** The tensor, which only the architecture `llama` reads. */
export const ROPE_FACTORS = 'rope_freqs.weight';

/** What llama.cpp turns the blocks of a Gemma with that have a window. */
const WINDOWED_BASE = 10_000;
/** llama.cpp reads other values of YaRN's ramp for none of these architectures. */
const BETA_FAST = 32;
const BETA_SLOW = 1;

type Ropes = LlamaConfig['rope'];

/** The keys. Throws ModelFileError for positions that llama.cpp would read as others. */
export function ropeMetadata(ropes: Ropes, architecture: string): [string, GgufValue][] {
  const { full_attention: full, sliding_attention: windowed } = ropes;
  const rope = (full ?? windowed)!;
  const key = (name: string, value: GgufValue): [string, GgufValue] => [
    `${architecture}.rope.${name}`,
    value,
  ];
  const real = (name: string, value: number) => key(name, { type: 'float32', value });
  const scaling = (type: string) => key('scaling.type', { type: 'string', value: type });
  const base = [real('freq_base', rope.rope_theta), ...windowedBase(ropes, real)];
  switch (rope.rope_type) {
    case 'default':
      return base;
    case 'linear':
      return [...base, scaling('linear'), real('scaling.factor', rope.factor)];
    case 'llama3':
      if (architecture === 'llama') return base;
      throw notInGguf(`positions that are scaled as in Llama 3 in the architecture ${architecture}`);
    case 'yarn': {
      if (rope.beta_fast !== BETA_FAST || rope.beta_slow !== BETA_SLOW)
        throw notInGguf(`YaRN with other bounds than ${BETA_FAST} and ${BETA_SLOW} turns`);
      const usual = usualAttentionFactor(rope.factor);
      const original = rope.original_max_position_embeddings;
      return [
        ...base,
        scaling('yarn'),
        real('scaling.factor', rope.factor),
        key('scaling.original_context_length', { type: 'uint32', value: original }),
        ...(rope.attention_factor === usual
          ? []
          : [real('scaling.attn_factor', rope.attention_factor / usual)]),
      ];
    }
  }
}

function windowedBase(
  { sliding_attention: windowed }: Ropes,
  real: (name: string, value: number) => [string, GgufValue],
): [string, GgufValue][] {
  if (windowed === undefined) return [];
  if (windowed.rope_type !== 'default') throw notInGguf('scaled positions in blocks with a window');
  return windowed.rope_theta === WINDOWED_BASE ? [] : [real('freq_base_swa', windowed.rope_theta)];
}

/** The tensor, where positions need it. `D`: numbers in a head. */
export function ropeTensors({ full_attention: rope }: Ropes, D: number): ReadonlyMap<string, Float32Array> {
  return new Map(rope?.rope_type === 'llama3' ? [[ROPE_FACTORS, factorsOf(rope, D)]] : []);
}

/** What a config.json would say of the positions in a file. Throws ModelFileError for those that are not read. */
export function ropeValues(
  metadata: GgufMetadata,
  architecture: string,
  tensors: ReadonlyMap<string, Float32Array>,
): Readonly<Record<string, unknown>> {
  const key = (name: string) => `${architecture}.rope.${name}`;
  const base = metadata.has(key('freq_base')) ? metadata.decimal(key('freq_base')) : 10_000;
  const windowed = key('freq_base_swa');
  const { rope_theta, ...rope_scaling } = ropeIn(metadata, key, base, tensors.get(ROPE_FACTORS));
  return {
    rope_theta,
    ...(rope_scaling.rope_type !== 'default' && { rope_scaling }),
    ...(metadata.has(windowed) && { rope_local_base_freq: metadata.decimal(windowed) }),
  };
}

function ropeIn(
  metadata: GgufMetadata,
  key: (name: string) => string,
  rope_theta: number,
  factors: Float32Array | undefined,
) {
  const { file } = metadata;
  // Without a type llama.cpp takes a factor as a linear one, and it still reads the older key.
  const named = key('scaling.type');
  const rope_type = metadata.has(named) ? metadata.text(named) : 'linear';
  const given = [key('scaling.factor'), key('scale_linear')].find((name) => metadata.has(name));
  const factor = given === undefined ? 1 : metadata.decimal(given);
  const scaled = rope_type !== 'none' && !(rope_type === 'linear' && (factor === 1 || factor === 0));
  if (factors !== undefined) {
    if (!scaled) return ropeOfFactors(factors, rope_theta, file);
    throw ModelFileError.of(
      file,
      `both ${named} and ${ROPE_FACTORS} scale positions, which is not supported`,
    );
  }
  if (!scaled) return { rope_theta, rope_type: 'default' } satisfies Rope;
  const originally = key('scaling.original_context_length');
  const attention = key('scaling.attn_factor');
  return {
    rope_theta,
    rope_type,
    factor,
    ...(metadata.has(originally) && { original_max_position_embeddings: metadata.number(originally) }),
    ...(metadata.has(attention) && {
      attention_factor: metadata.decimal(attention) * usualAttentionFactor(factor),
    }),
  };
}
