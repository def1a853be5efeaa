import * as tf from '@tensorflow/tfjs-core';
import type { Attend, Block, BlockSaved } from '../families/block.ts';
import { familyOf } from '../families/families.ts';
import type { BlockAttention, ModelFamily } from '../families/family.ts';
import type { ModelConfig } from '../families/model-config.ts';
import { type Drop, keep } from '../layers/drop.ts';
import { embedding } from '../layers/embedding.ts';
import { type LinearLayer, linear, turnedProduct } from '../layers/linear.ts';
import { adapted, type LowRankPair, lowRankChange } from '../layers/low-rank.ts';
import type { NormLayer } from '../layers/norm.ts';
import { rotate } from '../layers/rotary.ts';
import { flush } from './engine-kernels.ts';
import type { Positions } from './positions.ts';

/** Low-rank matrices added to some of a model's linear layers; if there are any, only they are trained. */
export interface Adapter {
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Those of a layer, by its name: `transformer.h.0.attn.c_attn`. */
  pairOf(layer: string): LowRankPair | undefined;
  /** Probability with which an element of what goes into them is dropped in training. */
  readonly dropout: number;
}

/**
 * A language model in which a token sees itself and those before it, of any family. Its parts work on N tokens, each a
 * row; only attention knows which of them belong to one text. C is the width, V the vocabulary.
 */
export class CausalModel {
  readonly config: ModelConfig;
  readonly family: ModelFamily;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  readonly adapter: Adapter | undefined;
  /** One of its blocks, which all compute the same with other parameters. */
  readonly blocks: Block;
  /** How each block attends. */
  readonly attention: readonly BlockAttention[];
  /** Matrices [out, in] of linear layers, by the name of the layer. */
  readonly #turned = new Map<string, tf.Tensor2D>();

  /** Takes ownership of the parameters. Throws if one is missing, unknown or of another shape. */
  constructor(config: ModelConfig, parameters: ReadonlyMap<string, tf.Variable>, adapter?: Adapter) {
    this.config = config;
    this.family = familyOf(config);
    checkParameters(this.family.parameterShapes(config), parameters);
    this.parameters = parameters;
    this.adapter = adapter;
    this.blocks = this.family.block(config);
    this.attention = Array.from({ length: config.n_layer }, (_, layer) =>
      this.family.attention(config, layer),
    );
  }

  /** How many tokens back some of the blocks see; undefined where all see everything. */
  get window(): number | undefined {
    return this.attention.find(({ window }) => window !== undefined)?.window;
  }

  /** The parameters that a training changes: all of them, or those of the adapter. */
  get trained(): ReadonlyMap<string, tf.Variable> {
    return this.adapter?.parameters ?? this.parameters;
  }

  /** A linear layer by its name, such as `transformer.h.0.attn.c_attn`; `drop` acts on what goes into its adapter. */
  linear(name: string, drop: Drop = keep): LinearLayer {
    const { fanInFanOut } = this.family.huggingFace;
    const layer = linear(
      this.#parameter(`${name}.weight`),
      this.parameters.get(`${name}.bias`),
      !fanInFanOut,
    );
    const pair = this.adapter?.pairOf(name);
    return pair ? adapted(layer, pair, drop) : layer;
  }

  /** A layer that normalises rows, by its name, such as `transformer.h.0.ln_1`. */
  norm(name: string): NormLayer {
    return this.family.norm(this.config, (parameter) => this.#parameter(`${name}.${parameter}`));
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

  /** What goes into the first block [N, C]: N tokens, int32 [N], at their positions. */
  embed(ids: tf.Tensor1D, positions: Positions): tf.Tensor2D {
    const { names } = this.family;
    const learnt = names.positions && this.#parameter(names.positions);
    const ofPositions = learnt ? { rows: learnt, ids: positions.ids } : undefined;
    const embedded = embedding(this.#parameter(names.tokens), ids, ofPositions);
    return this.embeddingScale === 1 ? embedded : tf.mul(embedded, this.embeddingScale);
  }

  /** What the embeddings of tokens are multiplied with. */
  get embeddingScale(): number {
    return this.family.embeddingScale(this.config);
  }

  /** One transformer block [N, C] -> [N, C], for use alone: with nothing dropped, and with turned matrices. */
  block<Kept>(
    layer: number,
    x: tf.Tensor2D,
    { rotations }: Positions,
    attend: Attend<Kept>,
  ): { y: tf.Tensor2D; saved: BlockSaved<Kept> } {
    const full = (name: string) => `${this.family.names.block(layer)}.${name}`;
    const { rotation } = this.attention[layer]!;
    return this.blocks.forward(x, {
      linear: (name) => this.#forwardOnly(full(name)),
      norm: (name) => this.norm(full(name)),
      rotate: (x) => rotate(x, rotations[rotation!]!),
      attend,
      dropRows: () => keep,
    });
  }

  /** The last block's output [N, C] as the head takes it. */
  finalNorm(x: tf.Tensor2D): tf.Tensor2D {
    return this.norm(this.family.names.finalNorm).forward(x).y;
  }

  /** Scores of every token of the vocabulary [N, V] for some hidden states [N, C]. */
  head(hidden: tf.Tensor2D): tf.Tensor2D {
    return turnedProduct(hidden, this.headWeight());
  }

  /** Name of the parameter [V, C] that turns hidden states into scores. */
  get headName(): string {
    const { tokens, head } = this.family.names;
    return this.config.tie_word_embeddings ? tokens : head;
  }

  headWeight(): tf.Variable {
    return this.#parameter(this.headName);
  }

  /**
   * Turns the matrices of all linear layers, with what an adapter adds to them, for good: few tokens then pass a block in
   * much less time (see `turnedProduct`), but nothing else may read these parameters any more.
   */
  turn(): void {
    for (const name of this.#linearLayers()) {
      const merged = () => this.#merged(`${name}.weight`) as tf.Tensor2D;
      const { fanInFanOut } = this.family.huggingFace;
      this.#turned.set(name, tf.tidy(() => (fanInFanOut ? tf.transpose(merged()) : merged())) as tf.Tensor2D);
      this.#parameter(`${name}.weight`).dispose();
      flush();
    }
  }

  dispose(): void {
    tf.dispose([...this.parameters.values(), ...(this.adapter?.parameters.values() ?? [])]);
    tf.dispose([...this.#turned.values()]);
  }

  /** Names of all linear layers of the blocks. */
  #linearLayers(): string[] {
    const { block, linearInBlock } = this.family.names;
    return Array.from({ length: this.config.n_layer }, (_, layer) =>
      linearInBlock.map((name) => `${block(layer)}.${name}`),
    ).flat();
  }

  #forwardOnly(name: string): Pick<LinearLayer, 'forward'> {
    const turned = this.#turned.get(name);
    if (!turned) return this.linear(name);
    return linear(turned, this.parameters.get(`${name}.bias`), true);
  }

  /** A parameter with what an adapter adds to it; the caller disposes of it. */
  #merged(name: string): tf.Tensor {
    const parameter = this.#parameter(name);
    const pair = this.adapter?.pairOf(name.replace(/\.weight$/, ''));
    const { fanInFanOut } = this.family.huggingFace;
    return pair
      ? tf.tidy(() => tf.add(parameter, lowRankChange(pair, !fanInFanOut)))
      : tf.clone(parameter as tf.Tensor);
  }

  #parameter(name: string): tf.Variable {
    return this.parameters.get(name)!;
  }
}

function checkParameters(
  shapes: ReadonlyMap<string, readonly number[]>,
  parameters: ReadonlyMap<string, tf.Variable>,
): void {
  for (const [name, shape] of shapes) {
    const found = parameters.get(name)?.shape;
    if (!found) throw new Error(`parameter ${name} [${shape}] is missing`);
    if (`${found}` !== `${shape}`) throw new Error(`parameter ${name} is [${found}], expected [${shape}]`);
  }
  for (const name of parameters.keys()) {
    if (!shapes.has(name)) throw new Error(`the model has no parameter ${name}`);
  }
}
