import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { collate } from '../../../src/batch/collate.ts';
import { EXACT, packBatch } from '../../../src/batch/packed-batch.ts';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { FAMILIES } from '../../../src/model/families/families.ts';
import type { FamilyName } from '../../../src/model/families/model-config.ts';
import { attention } from '../../../src/model/layers/attention.ts';
import { gridOf, inputTensors } from '../../../src/model/network/batch-tensors.ts';
import { TINY_FAMILIES } from '../tiny-families.ts';
import { formulaModel, tinyTokens } from '../tiny-gpt2.ts';

describe.each(Object.keys(FAMILIES) as FamilyName[])('what a block of %s needs on its way back', (family) => {
  beforeAll(() => loadEngine('cpu'));

  it.each([
    ['of equal length', [7, 7]],
    ['of unequal length, which have more places than rows', [3, 11, 6]],
  ])('has as many numbers as it says, of texts %s', (_, lengths) => {
    const config = TINY_FAMILIES[family];
    const model = formulaModel(config);
    const texts = lengths.map((length, i) => Int32Array.from(tinyTokens(`text${i}`, length)));
    const batch = packBatch(collate(texts, { padToken: 60, maxLength: 24 }), EXACT);
    const tensors = inputTensors(model, batch);
    const { heads, window } = model.attention[0]!;
    const before = tf.memory().numBytes;
    const saved = tf.tidy(() => {
      const x = model.embed(tensors.ids, tensors.positions);
      const attend = (rows: Parameters<typeof attention>[0]) =>
        attention(rows, gridOf(tensors, window), heads);
      return model.block(0, x, tensors.positions, attend).saved;
    });
    const numbers = (tf.memory().numBytes - before) / 4;
    tf.dispose([saved, tensors]);
    model.dispose();

    const { row, place, pair } = model.blocks.numbers.saved;
    const { texts: B, length: T } = batch;
    expect(numbers).toBe(row * batch.ids.length + place * B * T + pair * B * T ** 2);
  });
});
