import * as tf from '@tensorflow/tfjs-core';
import { gelu } from './fused/gelu.ts';
import { layerNorm } from './fused/layer-norm.ts';
import { linear } from './fused/linear.ts';

/**
 * The shape of a GPT-2, in Hugging Face's names
 * (https://huggingface.co/docs/transformers/model_doc/gpt2#transformers.GPT2Config).
 */
export interface Gpt2Config {
  readonly n_layer: number;
  readonly n_head: number;
  /** Width of the residual stream; a multiple of `n_head`. */
  readonly n_embd: number;
  /** Longest sequence, in tokens. */
  readonly n_positions: number;
  readonly vocab_size: number;
  readonly layer_norm_epsilon: number;
  /** Whether the head shares the token embedding's matrix; otherwise it is a parameter of its own. */
  readonly tie_word_embeddings: boolean;
  /** The token that ends a text, and that separates texts. */
  readonly eos_token_id: number;
}

/** Keys and values [B, heads, S, C / heads] of the tokens so far, one pair a layer. */
export type KeyValueCache = { readonly key: tf.Tensor4D; readonly value: tf.Tensor4D }[];

export interface ForwardOptions {
  /** What an earlier call returned: `ids` continue those sequences. */
  readonly cache?: KeyValueCache;
  /**
   * For each row, how many of its first tokens (counted from the start of the cache) are padding: nothing
   * attends to them, and positions are counted from the first real token. None when absent.
   */
  readonly padding?: readonly number[];
}

/** Added to the attention score of a key that must not be seen; exp() of it is exactly 0 in float32. */
const HIDDEN = -1e9;

/**
 * GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"), with the parameter names
 * and the matrix orientation [in, out] of Hugging Face's checkpoints. B is the batch, T the tokens given,
 * S = T plus the tokens in the cache, C the width, V the vocabulary.
 */
export class Gpt2 {
  readonly config: Gpt2Config;
  readonly parameters: ReadonlyMap<string, tf.Variable>;

  /** Takes ownership of the parameters. Throws where one is missing, unknown or of another shape. */
  constructor(config: Gpt2Config, parameters: ReadonlyMap<string, tf.Variable>) {
    checkParameters(config, parameters);
    this.config = config;
    this.parameters = parameters;
  }

  /** The last layer's output, normalised [B, T, C], and the cache that continues these sequences. */
  forward(
    ids: tf.Tensor2D,
    { cache, padding }: ForwardOptions = {},
  ): { hidden: tf.Tensor3D; cache: KeyValueCache } {
    const { n_layer, n_embd, n_positions } = this.config;
    const [B, T] = ids.shape;
    const past = cache?.[0]?.key.shape[2] ?? 0;
    const longest = past + T - Math.min(...(padding ?? [0]));
    if (longest > n_positions) {
      throw new RangeError(
        `a sequence of ${longest} tokens is longer than the model's ${n_positions} positions`,
      );
    }
    return tf.tidy(() => {
      const tokens = tf.reshape(tf.gather(this.#parameter('transformer.wte.weight'), ids), [B, T, n_embd]);
      const positions = tf.gather(this.#parameter('transformer.wpe.weight'), positionIds(T, past, padding)); // [T, C] or [B, T, C]
      const mask = attentionMask(T, past, padding); // [1 or B, 1, T, S]
      let x = tf.reshape(tf.add(tokens, positions), [B * T, n_embd]) as tf.Tensor2D; // [B*T, C]
      const extended: { key: tf.Tensor4D; value: tf.Tensor4D }[] = [];
      for (let layer = 0; layer < n_layer; layer++) {
        const block = tf.tidy(() => this.#block(`transformer.h.${layer}`, x, B, mask, cache?.[layer]));
        x = block.x;
        extended.push({ key: block.key, value: block.value });
      }
      const hidden = tf.reshape(this.#layerNorm('transformer.ln_f', x), [B, T, n_embd]) as tf.Tensor3D;
      return { hidden, cache: extended };
    });
  }

  /** Scores of every token of the vocabulary [N, V] for some hidden states [N, C]. */
  head(hidden: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(hidden, this.headWeight() as tf.Tensor2D, false, true);
  }

  /** Name of the parameter [V, C] that turns hidden states into scores. */
  get headName(): string {
    return this.config.tie_word_embeddings ? 'transformer.wte.weight' : 'lm_head.weight';
  }

  headWeight(): tf.Variable {
    return this.#parameter(this.headName);
  }

  /** Scores of the token that follows each given one [B, T, V]. */
  logits(ids: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => {
      const [B, T] = ids.shape;
      const logits = this.head(this.#flat(this.forward(ids).hidden));
      return tf.reshape(logits, [B, T, this.config.vocab_size]) as tf.Tensor3D;
    });
  }

  dispose(): void {
    tf.dispose([...this.parameters.values()]);
  }

  #block(
    name: string,
    x: tf.Tensor2D,
    B: number,
    mask: tf.Tensor4D,
    cached: KeyValueCache[number] | undefined,
  ): { x: tf.Tensor2D; key: tf.Tensor4D; value: tf.Tensor4D } {
    const attention = this.#attention(`${name}.attn`, this.#layerNorm(`${name}.ln_1`, x), B, mask, cached);
    const attended = tf.add(x, attention.y) as tf.Tensor2D;
    const fed = this.#feedForward(`${name}.mlp`, this.#layerNorm(`${name}.ln_2`, attended));
    return { x: tf.add(attended, fed) as tf.Tensor2D, key: attention.key, value: attention.value };
  }

  #attention(
    name: string,
    x: tf.Tensor2D,
    B: number,
    mask: tf.Tensor4D,
    cached: KeyValueCache[number] | undefined,
  ): { y: tf.Tensor2D; key: tf.Tensor4D; value: tf.Tensor4D } {
    const { n_head, n_embd } = this.config;
    const headSize = n_embd / n_head;
    const T = x.shape[0] / B;
    const heads = (part: tf.Tensor) =>
      tf.transpose(tf.reshape(part, [B, T, n_head, headSize]), [0, 2, 1, 3]) as tf.Tensor4D;

    const [q, k, v] = tf.split(this.#linear(`${name}.c_attn`, x), 3, 1).map(heads) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ]; // 3 × [B, heads, T, C/heads]
    const key = cached ? tf.concat([cached.key, k], 2) : k; // [B, heads, S, C/heads]
    const value = cached ? tf.concat([cached.value, v], 2) : v;
    const scores = tf.mul(tf.matMul(q, key, false, true), 1 / Math.sqrt(headSize)); // [B, heads, T, S]
    const weights = tf.softmax(tf.add(scores, mask));
    const mixed = tf.reshape(tf.transpose(tf.matMul(weights, value), [0, 2, 1, 3]), [B * T, n_embd]); // [B*T, C]
    return { y: this.#linear(`${name}.c_proj`, mixed as tf.Tensor2D), key, value };
  }

  #feedForward(name: string, x: tf.Tensor2D): tf.Tensor2D {
    const wide = gelu(this.#linear(`${name}.c_fc`, x)); // [B*T, 4C]
    return this.#linear(`${name}.c_proj`, wide); // [B*T, C]
  }

  #linear(name: string, x: tf.Tensor2D): tf.Tensor2D {
    return linear(x, this.#parameter(`${name}.weight`), this.#parameter(`${name}.bias`));
  }

  #layerNorm(name: string, x: tf.Tensor2D): tf.Tensor2D {
    const [weight, bias] = [this.#parameter(`${name}.weight`), this.#parameter(`${name}.bias`)];
    return layerNorm(x, weight, bias, this.config.layer_norm_epsilon).y;
  }

  #parameter(name: string): tf.Variable {
    return this.parameters.get(name)!;
  }

  #flat(hidden: tf.Tensor3D): tf.Tensor2D {
    return tf.reshape(hidden, [-1, this.config.n_embd]);
  }
}

/** Name and shape of every parameter, in the order of the computation. */
export function parameterShapes(config: Gpt2Config): Map<string, readonly number[]> {
  const C = config.n_embd;
  const shapes = new Map<string, readonly number[]>();
  shapes.set('transformer.wte.weight', [config.vocab_size, C]);
  shapes.set('transformer.wpe.weight', [config.n_positions, C]);
  const layerNorm = (name: string) => shapes.set(`${name}.weight`, [C]).set(`${name}.bias`, [C]);
  const linear = (name: string, from: number, to: number) =>
    shapes.set(`${name}.weight`, [from, to]).set(`${name}.bias`, [to]);
  for (let layer = 0; layer < config.n_layer; layer++) {
    const block = `transformer.h.${layer}`;
    layerNorm(`${block}.ln_1`);
    linear(`${block}.attn.c_attn`, C, 3 * C);
    linear(`${block}.attn.c_proj`, C, C);
    layerNorm(`${block}.ln_2`);
    linear(`${block}.mlp.c_fc`, C, 4 * C);
    linear(`${block}.mlp.c_proj`, 4 * C, C);
  }
  layerNorm('transformer.ln_f');
  if (!config.tie_word_embeddings) shapes.set('lm_head.weight', [config.vocab_size, C]);
  return shapes;
}

/** How many numbers a model of this shape learns. */
export function parameterCount(config: Gpt2Config): number {
  let count = 0;
  for (const shape of parameterShapes(config).values())
    count += shape.reduce((size, length) => size * length, 1);
  return count;
}

function checkParameters(config: Gpt2Config, parameters: ReadonlyMap<string, tf.Variable>): void {
  const shapes = parameterShapes(config);
  for (const [name, shape] of shapes) {
    const found = parameters.get(name)?.shape;
    if (!found) throw new Error(`parameter ${name} [${shape}] is missing`);
    if (`${found}` !== `${shape}`) throw new Error(`parameter ${name} is [${found}], expected [${shape}]`);
  }
  for (const name of parameters.keys()) {
    if (!shapes.has(name)) throw new Error(`the model has no parameter ${name}`);
  }
}

function positionIds(T: number, past: number, padding: readonly number[] | undefined): tf.Tensor {
  const row = (padded: number) => Array.from({ length: T }, (_, i) => Math.max(0, past + i - padded));
  return padding ? tf.tensor2d(padding.map(row), [padding.length, T], 'int32') : tf.tensor1d(row(0), 'int32');
}

/** [1 or B, 1, T, S]: 0 where token past + i may see token j, that is j <= past + i and j is not padding. */
function attentionMask(T: number, past: number, padding: readonly number[] = [0]): tf.Tensor4D {
  const S = past + T;
  const mask = new Float32Array(padding.length * T * S).fill(HIDDEN);
  padding.forEach((padded, b) => {
    for (let i = 0; i < T; i++) {
      const row = (b * T + i) * S;
      if (padded <= past + i) mask.fill(0, row + padded, row + past + i + 1);
    }
  });
  return tf.tensor4d(mask, [padding.length, 1, T, S]);
}
