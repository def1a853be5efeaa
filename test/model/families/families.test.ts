import { describe, expect, it } from 'vitest';
import { FAMILIES, familyOf, parameterCount } from '../../../src/model/families/families.ts';
import { ADAPTER_TARGETS, ALL_LINEAR } from '../../../src/model/families/gpt2/parameters.ts';
import type { FamilyName } from '../../../src/model/families/model-config.ts';
import { loraParameterCount } from '../../../src/model/network/lora.ts';
import { TINY_FAMILIES } from '../tiny-families.ts';

describe.each(Object.keys(FAMILIES) as FamilyName[])('the description of %s', (model_type) => {
  const config = TINY_FAMILIES[model_type];
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
    loraParameterCount(TINY_FAMILIES.gpt2, { rank: 1, alpha: 1, dropout: 0, targets });

  it('each stand for at least one layer', () => {
    for (const target of ADAPTER_TARGETS) expect(learnt([target]), target).toBeGreaterThan(0);
  });

  it('include every linear layer by default', () => {
    expect(learnt(ALL_LINEAR)).toBe(learnt(familyOf(TINY_FAMILIES.gpt2).names.linearInBlock));
  });
});

it('counts what a model learns: all that its parameters hold', () => {
  const C = TINY_FAMILIES.gpt2.n_embd;
  const block = 12 * C ** 2 + 13 * C;
  const embeddings = (2 * TINY_FAMILIES.gpt2.vocab_size + TINY_FAMILIES.gpt2.n_positions) * C;
  expect(parameterCount(TINY_FAMILIES.gpt2)).toBe(embeddings + TINY_FAMILIES.gpt2.n_layer * block + 2 * C);
});
