import * as tf from '@tensorflow/tfjs-core';
import type { KeysAndValues } from '../layers/cached-attention.ts';
import { HIDDEN } from '../layers/causal-mask.ts';
import { flush, hasKernel, runKernel } from '../network/engine-kernels.ts';

/** Where tokens can be written in place, room is added for this many at a time: then few shapes occur. */
const STEP = 32;

/**
 * Keys and values of the tokens of B texts, one pair of tensors [B, key heads, S, D] a layer. A token is in a slot; its
 * position is in its keys already, so the order of slots means nothing. All texts use a slot at the same time: those
 * of the prompts first, where shorter ones leave some unused, and then one a step.
 */
export class KeyValueCache {
  readonly #layers: KeysAndValues[];
  /** Slots that the prompts took, used or not. */
  readonly #promptSlots: number;
  /** Tokens of each text's prompt. */
  #prompts: readonly number[];
  /** Tokens added to each text since. */
  #added = 0;

  /** Takes over the keys and values of prompts of these lengths, each at the beginning of its slots. */
  constructor(layers: readonly KeysAndValues[], prompts: readonly number[]) {
    this.#layers = [...layers];
    this.#promptSlots = layers[0]!.key.shape[2];
    this.#prompts = prompts;
  }

  /** How many tokens each text has. */
  get lengths(): number[] {
    return this.#prompts.map((length) => length + this.#added);
  }

  layer(layer: number): KeysAndValues {
    return this.#layers[layer]!;
  }

  /**
   * [B, 1, 1, S + 1]: 0 where a slot holds a token of the text that the one to be added sees, and for that one. It sees
   * `window` tokens back, itself among them.
   */
  mask(window = Infinity): tf.Tensor4D {
    const B = this.#prompts.length;
    const [S, T, used] = [this.#layers[0]!.key.shape[2], this.#promptSlots, this.#promptSlots + this.#added];
    const mask = new Float32Array(B * (S + 1));
    for (const [text, length] of this.#prompts.entries()) {
      const first = text * (S + 1);
      mask.fill(HIDDEN, first + length, first + T).fill(HIDDEN, first + used, first + S);
      const unseen = Math.max(0, length + this.#added + 1 - window);
      mask.fill(HIDDEN, first, first + Math.min(unseen, length));
      mask.fill(HIDDEN, first + T, first + T + Math.max(0, unseen - length));
    }
    return tf.tensor4d(mask, [B, 1, 1, S + 1]);
  }

  /** Adds one token to each text: for each layer its keys and values [B, key heads, 1, D], which are taken over. */
  add(layers: readonly KeysAndValues[]): void {
    const slot = this.#promptSlots + this.#added++;
    for (const [layer, added] of layers.entries()) {
      const { key, value } = this.#layers[layer]!;
      this.#layers[layer] = { key: written(key, added.key, slot), value: written(value, added.value, slot) };
      flush();
    }
  }

  /** Continues with only some of the texts. */
  keep(texts: readonly number[]): void {
    const indices = tf.tensor1d(texts as number[], 'int32');
    for (const [layer, { key, value }] of this.#layers.entries()) {
      this.#layers[layer] = { key: tf.gather(key, indices), value: tf.gather(value, indices) };
      tf.dispose([key, value]);
      flush();
    }
    indices.dispose();
    this.#prompts = texts.map((text) => this.#prompts[text]!);
  }

  dispose(): void {
    for (const { key, value } of this.#layers) tf.dispose([key, value]);
  }
}

/** `base` with `added` in a slot, where there is room in place; takes both over. */
function written(base: tf.Tensor4D, added: tf.Tensor4D, slot: number): tf.Tensor4D {
  const [B, heads, S, D] = base.shape;
  if (slot < S) {
    runKernel('WriteSlot', { base, values: added }, { slot });
    added.dispose();
    return base;
  }
  const spare = hasKernel('WriteSlot') ? STEP - 1 : 0;
  const grown = tf.tidy(() => tf.concat([base, added, tf.zeros<tf.Rank.R4>([B, heads, spare, D])], 2));
  tf.dispose([base, added]);
  return grown;
}
