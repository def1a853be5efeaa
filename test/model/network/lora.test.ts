import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import {
  initialLora,
  type LoraAdapter,
  type LoraOptions,
  loraParameterCount,
} from '../../../src/model/network/lora.ts';
import { logits } from '../logits.ts';
import { TINY, tinyGpt2, tinyTokens } from '../tiny-gpt2.ts';

const CONFIG = { ...TINY, tie_word_embeddings: true };
const OPTIONS: LoraOptions = { rank: 4, alpha: 8, dropout: 0, targets: ['c_attn', 'c_fc', 'c_proj'] };
const layersOf = (targets: string[]) => {
  const { parameters } = initialLora(CONFIG, { ...OPTIONS, targets }, 1);
  const ofFirst = [...parameters.keys()].filter((name) => name.startsWith('transformer.h.0.'));
  return [...new Set(ofFirst.map((name) => name.replace(/^transformer\.h\.0\.|\.lora_.*$/g, '')))];
};
const numbers = (adapter: LoraAdapter) =>
  Array.from(adapter.parameters, ([name, variable]) => [name, [...variable.dataSync()]] as const);

describe('an adapter', () => {
  beforeEach(async () => {
    await loadEngine('cpu');
    tf.engine().startScope();
  });
  afterEach(() => tf.engine().endScope());

  it("is beside the layers that PEFT's target_modules would choose", () => {
    expect(layersOf(['c_attn'])).toEqual(['attn.c_attn']);
    expect(layersOf(['c_proj'])).toEqual(['attn.c_proj', 'mlp.c_proj']);
    expect(layersOf(['mlp.c_proj'])).toEqual(['mlp.c_proj']);
    expect(layersOf(['attn.c_proj', 'c_fc'])).toEqual(['attn.c_proj', 'mlp.c_fc']);
    expect(layersOf(OPTIONS.targets as string[])).toEqual([
      'attn.c_attn',
      'attn.c_proj',
      'mlp.c_fc',
      'mlp.c_proj',
    ]);
  });

  it('begins with A even in ±1 / √in and B zero, so it changes nothing yet', () => {
    const adapter = initialLora(CONFIG, OPTIONS, 1);
    let count = 0;
    for (const [name, values] of numbers(adapter)) {
      count += values.length;
      if (name.endsWith('lora_B.weight')) {
        expect(new Set(values)).toEqual(new Set([0]));
        continue;
      }
      const [rank, width] = adapter.parameters.get(name)!.shape as [number, number];
      expect(rank).toBe(4);
      const scaled = values.map((value) => value * Math.sqrt(width));
      expect(Math.max(...scaled)).toBeLessThanOrEqual(1);
      expect(Math.min(...scaled)).toBeGreaterThanOrEqual(-1);
      // The variance of an even distribution on (-1, 1) is a third.
      const square = scaled.reduce((sum, value) => sum + value ** 2, 0) / scaled.length;
      expect(Math.abs(square - 1 / 3)).toBeLessThan(6 * Math.sqrt(4 / 45 / scaled.length));
    }
    expect(count).toBe(loraParameterCount(CONFIG, OPTIONS));
    const ids = tf.tensor2d(tinyTokens('ids', 8), [1, 8], 'int32');
    expect(logits(tinyGpt2(true, adapter), ids).dataSync()).toEqual(logits(tinyGpt2(true), ids).dataSync());
  });

  it('begins with the same numbers for the same seed, and with others for another', () => {
    const begin = (seed: number) => numbers(initialLora(CONFIG, OPTIONS, seed));
    expect(begin(1)).toEqual(begin(1));
    expect(begin(2)).not.toEqual(begin(1));
  });

  it('is in a model whose matrices are turned for generating', () => {
    const adapter = initialLora(CONFIG, OPTIONS, 1);
    for (const variable of adapter.parameters.values()) variable.assign(tf.fill(variable.shape, 0.1));
    const ids = tf.tensor2d(tinyTokens('ids', 8), [1, 8], 'int32');
    const model = tinyGpt2(true, adapter);
    const beside = logits(model, ids).dataSync();
    model.turn();
    const turned = logits(model, ids).dataSync();
    expect(Math.max(...beside.map((value, i) => Math.abs(value - turned[i]!)))).toBeLessThan(1e-5);
  });
});
