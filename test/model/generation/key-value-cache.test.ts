import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/engine/load-engine.ts';
import { KeyValueCache } from '../../../src/model/generation/key-value-cache.ts';
import { HIDDEN } from '../../../src/model/layers/causal-mask.ts';

const SLOTS = 3;

describe.each(['cpu', 'onnxruntime'] as const)('the cache of keys and values on %s', (engine) => {
  beforeAll(() => loadEngine(engine).then(() => {}));

  /** [B, 1, 1, 1] whose only number tells text and token. */
  const added = (texts: readonly number[], token: number) => ({
    key: tf.tensor4d(
      texts.map((text) => 100 * text + token),
      [texts.length, 1, 1, 1],
    ),
    value: tf.tensor4d(
      texts.map((text) => -(100 * text + token)),
      [texts.length, 1, 1, 1],
    ),
  });

  /** The tokens that the next one of each text sees, by their keys; values must be those of the same tokens. */
  function seen(cache: KeyValueCache): number[][] {
    return tf.tidy(() => {
      const { key, value } = cache.layer(0);
      const [B, , S] = key.shape;
      const [keys, values, mask] = [key, value, cache.mask()].map((tensor) => tensor.dataSync());
      return Array.from({ length: B }, (_, text) => {
        const visible = Array.from({ length: S }, (_, slot) => slot).filter(
          (slot) => mask![text * (S + 1) + slot] !== HIDDEN,
        );
        expect(mask![text * (S + 1) + S]).toBe(0);
        for (const slot of visible) expect(values![text * S + slot]).toBe(-keys![text * S + slot]!);
        return visible.map((slot) => keys![text * S + slot]!);
      });
    });
  }

  it('shows each text its own tokens and no others, however many are added and whichever texts leave', () => {
    const script = fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: SLOTS }), { minLength: 1, maxLength: 4 }),
      before: fc.nat(40),
      after: fc.nat(40),
      leaves: fc.nat(3),
    });
    fc.assert(
      fc.property(script, ({ lengths, before, after, leaves }) => {
        const tensors = tf.memory().numTensors;
        const keys = lengths.map((_, text) => Array.from({ length: SLOTS }, (_, i) => 100 * text + i));
        const key = tf.tensor4d(keys.flat(), [lengths.length, 1, SLOTS, 1]);
        const cache = new KeyValueCache([{ key, value: tf.neg(key) }], lengths);
        let texts = lengths.map((_, text) => text);
        for (let i = 0; i < before; i++) cache.add([added(texts, SLOTS + i)]);
        if (leaves < texts.length && texts.length > 1) {
          const kept = texts.filter((text) => text !== leaves);
          cache.keep(kept);
          texts = kept;
        }
        for (let i = 0; i < after; i++) cache.add([added(texts, SLOTS + before + i)]);
        const tokens = Array.from({ length: before + after }, (_, i) => SLOTS + i);
        expect(seen(cache)).toEqual(
          texts.map((text) => [...keys[text]!.slice(0, lengths[text]), ...tokens.map((t) => 100 * text + t)]),
        );
        expect(cache.lengths).toEqual(texts.map((text) => lengths[text]! + before + after));
        cache.dispose();
        expect(tf.memory().numTensors).toBe(tensors);
      }),
      { numRuns: 20 },
    );
  });
});
