import * as tf from '@tensorflow/tfjs-core';
import { type BlockSaved, block } from '../layers/block.ts';
import { type Drop, keep } from '../layers/drop.ts';
import { embedding } from '../layers/embedding.ts';
import { layerNorm, type NormLayer } from '../layers/layer-norm.ts';
import { type LinearLayer, linear, turnedProduct } from '../layers/linear.ts';
import { adapted, type LowRankPair, lowRankChange } from '../layers/low-rank.ts';
import { flush } from './engine-kernels.ts';

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

/** Mixed values [N, C] of queries, keys and values side by side [N, 3C], and what is kept of them. */
export type Attend<Kept> = (qkv: tf.Tensor2D) => { y: tf.Tensor2D; saved: Kept };

/** Low-rank matrices beside some of a model's linear layers; where there are any, they alone are trained. */
export interface Adapter {
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Those beside a layer, by its name: `transformer.h.0.attn.c_attn`. */
  pairOf(layer: string): LowRankPair | undefined;
  /** Probability with which an element of what goes into them is dropped in training. */
  readonly dropout: number;
}

/**
 * GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"), with the parameter names
 * and the matrix orientation [in, out] of Hugging Face's checkpoints. Its parts work on N tokens, each a row; only
 * attention knows which of them belong to one text. C is the width, V the vocabulary.
 */
export class Gpt2 {
  readonly config: Gpt2Config;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  readonly adapter: Adapter | undefined;
  /** Matrices [out, in] of linear layers, by the name of the layer. */
  readonly #turned = new Map<string, tf.Tensor2D>();

  /** Takes ownership of the parameters. Throws where one is missing, unknown or of another shape. */
  constructor(config: Gpt2Config, parameters: ReadonlyMap<string, tf.Variable>, adapter?: Adapter) {
    checkParameters(config, parameters);
    this.config = config;
    this.parameters = parameters;
    this.adapter = adapter;
  }

  /** The parameters that a training changes: all of them, or those of the adapter. */
  get trained(): ReadonlyMap<string, tf.Variable> {
    return this.adapter?.parameters ?? this.parameters;
  }

  /** A linear layer by its name, such as `transformer.h.0.attn.c_attn`; `drop` acts on what goes into its adapter. */
  linear(name: string, drop: Drop = keep): LinearLayer {
    const layer = linear(this.#parameter(`${name}.weight`), this.#parameter(`${name}.bias`));
    const pair = this.adapter?.pairOf(name);
    return pair ? adapted(layer, pair, drop) : layer;
  }

  /** A layer norm by its name, such as `transformer.h.0.ln_1`. */
  norm(name: string): NormLayer {
    const [weight, bias] = [this.#parameter(`${name}.weight`), this.#parameter(`${name}.bias`)];
    return layerNorm(weight, bias, this.config.layer_norm_epsilon);
  }

  /** The numbers of a parameter in the ordinary model that computes the same: with what an adapter adds to them. */
  async mergedData(name: string): Promise<Float32Array> {
    const merged = this.#merged(name);
    try {
      return await merged.data<'float32'>();
    } finally {
      merged.dispose();
    }
  }

  /** What goes into the first block [N, C]: N tokens at their positions, both int32 [N]. */
  embed(ids: tf.Tensor1D, positions: tf.Tensor1D): tf.Tensor2D {
    const [tokens, places] = ['wte', 'wpe'].map((name) => this.#parameter(`transformer.${name}.weight`));
    return embedding(tokens!, places!, ids, positions);
  }

  /** One transformer block [N, C] -> [N, C], for use alone: with nothing dropped, and with turned matrices. */
  block<Kept>(
    layer: number,
    x: tf.Tensor2D,
    attend: Attend<Kept>,
  ): { y: tf.Tensor2D; saved: BlockSaved<Kept> } {
    const full = (name: string) => `transformer.h.${layer}.${name}`;
    return block(x, {
      linear: (name) => this.#forwardOnly(full(name)),
      norm: (name) => this.norm(full(name)),
      attend,
      dropRows: () => keep,
    });
  }

  /** The last block's output [N, C] as the head takes it. */
  finalNorm(x: tf.Tensor2D): tf.Tensor2D {
    return this.norm('transformer.ln_f').forward(x).y;
  }

  /** Scores of every token of the vocabulary [N, V] for some hidden states [N, C]. */
  head(hidden: tf.Tensor2D): tf.Tensor2D {
    return turnedProduct(hidden, this.headWeight());
  }

  /** Name of the parameter [V, C] that turns hidden states into scores. */
  get headName(): string {
    return this.config.tie_word_embeddings ? 'transformer.wte.weight' : 'lm_head.weight';
  }

  headWeight(): tf.Variable {
    return this.#parameter(this.headName);
  }

  /**
   * Turns the matrices of all linear layers, with what an adapter adds to them, for good: few tokens then pass a block in
   * much less time (see `turnedProduct`), but nothing else may read these parameters any more.
   */
  turn(): void {
    for (const name of linearLayers(this.config)) {
      const weight = this.#parameter(`${name}.weight`) as tf.Tensor as tf.Tensor2D;
      this.#turned.set(
        name,
        tf.tidy(() => tf.transpose(this.#merged(`${name}.weight`)) as tf.Tensor2D),
      );
      weight.dispose();
      flush();
    }
  }

  dispose(): void {
    tf.dispose([...this.parameters.values(), ...(this.adapter?.parameters.values() ?? [])]);
    tf.dispose([...this.#turned.values()]);
  }

  #forwardOnly(name: string): Pick<LinearLayer, 'forward'> {
    const turned = this.#turned.get(name);
    if (!turned) return this.linear(name);
    const bias = this.#parameter(`${name}.bias`);
    return { forward: (x) => tf.add(turnedProduct(x, turned), bias) };
  }

  /** A parameter with what an adapter adds to it; the caller disposes of it. */
  #merged(name: string): tf.Tensor {
    const parameter = this.#parameter(name);
    const pair = this.adapter?.pairOf(name.replace(/\.weight$/, ''));
    return pair ? tf.tidy(() => tf.add(parameter, lowRankChange(pair))) : tf.clone(parameter as tf.Tensor);
  }

  #parameter(name: string): tf.Variable {
    return this.parameters.get(name)!;
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

/** Names of all linear layers. */
function linearLayers({ n_layer }: Gpt2Config): string[] {
  const ofBlock = ['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'];
  return Array.from({ length: n_layer }, (_, layer) =>
    ofBlock.map((name) => `transformer.h.${layer}.${name}`),
  ).flat();
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
