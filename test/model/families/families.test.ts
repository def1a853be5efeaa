import { describe, expect, it } from 'vitest';
import { FAMILIES, familyOf, parameterCount } from '../../../src/model/families/families.ts';
import { ADAPTER_TARGETS, ALL_LINEAR } from '../../../src/model/families/gpt2/parameters.ts';
import type { LlamaConfig } from '../../../src/model/families/llama/llama-config.ts';
import type { FamilyName, ModelConfig } from '../../../src/model/families/model-config.ts';
import { loraParameterCount } from '../../../src/model/network/lora.ts';
import { TINY } from '../tiny-gpt2.ts';

const SHAPE = { ...TINY, tie_word_embeddings: false };
const CONFIGS: Readonly<Record<FamilyName, ModelConfig>> = {
  gpt2: SHAPE,
  llama: llamaLike('llama'),
  qwen2: llamaLike('qwen2'),
  qwen3: llamaLike('qwen3'),
  gemma3_text: llamaLike('gemma3_text'),
};

/** The shape of a family that is built like a Llama, in which no two sizes are the same. */
function llamaLike(model_type: LlamaConfig['model_type']): LlamaConfig {
  const { layer_norm_epsilon, model_type: _, ...shape } = SHAPE;
  const windowed = model_type === 'gemma3_text';
  return {
    ...shape,
    model_type,
    num_key_value_heads: 1,
    head_dim: 6,
    intermediate_size: 20,
    rms_norm_eps: layer_norm_epsilon,
    query_pre_attn_scalar: windowed ? 256 : 6,
    layer_types: windowed ? ['sliding_attention', 'full_attention'] : ['full_attention', 'full_attention'],
    ...(windowed && { sliding_window: 5 }),
    rope: {
      full_attention: { rope_type: 'linear', factor: 8, rope_theta: 1e6 },
      ...(windowed && { sliding_attention: { rope_type: 'default', rope_theta: 1e4 } }),
    },
  };
}

describe.each(Object.keys(FAMILIES) as FamilyName[])('the description of %s', (model_type) => {
  const config = CONFIGS[model_type];
  const { names, configFile, gguf, parameterShapes, initialValue, huggingFace } = familyOf(config);
  const shapes = parameterShapes(config);
  const inBlock = (layer: number) => {
    const prefix = `${names.block(layer)}.`;
    return [...shapes.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  };

  it('names parameters that the model has', () => {
    expect(shapes.get(names.tokens)).toEqual([config.vocab_size, config.n_embd]);
    if (names.positions !== undefined)
      expect(shapes.get(names.positions)).toEqual([config.n_positions, config.n_embd]);
    expect(shapes.get(`${names.finalNorm}.weight`)).toEqual([config.n_embd]);
    expect(shapes.get(names.head)).toEqual([config.vocab_size, config.n_embd]);
    expect(parameterShapes({ ...config, tie_word_embeddings: true }).has(names.head)).toBe(false);
  });

  it('has the same parameters in each block, whose matrices are those of its linear layers', () => {
    expect(inBlock(1)).toEqual(inBlock(0));
    expect(inBlock(config.n_layer)).toEqual([]);
    const matrices = inBlock(0).filter((name) => shapes.get(`${names.block(0)}.${name}`)!.length === 2);
    expect(matrices).toEqual(names.linearInBlock.map((layer) => `${layer}.weight`));
  });

  it('says what each parameter begins with, the head with what the token embedding begins with', () => {
    for (const [name, shape] of shapes) {
      const value = initialValue(config, name);
      expect(typeof value, name).toBe(shape.length === 2 ? 'object' : 'number');
    }
    expect(initialValue(config, names.head)).toEqual(initialValue(config, names.tokens));
  });

  it('reads the config.json that it writes', () => {
    const written = JSON.parse(JSON.stringify(configFile.write(config, 'float32')));
    expect(configFile.read(written, 'config.json')).toEqual(config);
  });

  it('gives each parameter a name of its own in a GGUF file, and takes none for a constant', () => {
    const theirs = [...shapes.keys()].map((name) => gguf.tensorName(name));
    expect(new Set(theirs).size).toBe(shapes.size);
    expect([...shapes.keys()].filter((name) => huggingFace.isConstant(name))).toEqual([]);
  });

  it('takes the numbers of each parameter to a GGUF file and back', () => {
    for (const [name, shape] of shapes) {
      const size = shape.reduce((product, length) => product * length, 1);
      const values = Float32Array.from({ length: size }, (_, i) => i);
      const conversion = gguf.conversion(config, name);
      if (conversion) expect(conversion.fromFile(conversion.toFile(values)), name).toEqual(values);
    }
  });
});

describe("an adapter's targets", () => {
  const learnt = (targets: readonly string[]) =>
    loraParameterCount(SHAPE, { rank: 1, alpha: 1, dropout: 0, targets });

  it('each stand for at least one layer', () => {
    for (const target of ADAPTER_TARGETS) expect(learnt([target]), target).toBeGreaterThan(0);
  });

  it('include every linear layer by default', () => {
    expect(learnt(ALL_LINEAR)).toBe(learnt(familyOf(SHAPE).names.linearInBlock));
  });
});

it('counts what a model learns: all that its parameters hold', () => {
  const C = SHAPE.n_embd;
  const block = 12 * C ** 2 + 13 * C;
  const embeddings = (2 * SHAPE.vocab_size + SHAPE.n_positions) * C;
  expect(parameterCount(SHAPE)).toBe(embeddings + SHAPE.n_layer * block + 2 * C);
});
