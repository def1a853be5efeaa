import * as tf from '@tensorflow/tfjs-core';
import type { PackedBatch } from '../../batch/packed-batch.ts';
import type { BackwardLayers, BlockSaved, ForwardLayers } from '../families/block.ts';
import type { ModelNames } from '../families/family.ts';
import { addRows } from '../layers/add-rows.ts';
import { type AttentionSaved, attention, attentionGradient } from '../layers/attention.ts';
import type { Drop } from '../layers/drop.ts';
import { type GradientsOnDemand, within } from '../layers/gradients-on-demand.ts';
import { type HeadLossSaved, headLosses, headLossGradients } from '../layers/head-loss.ts';
import type { NormSaved } from '../layers/norm.ts';
import { rotate, rotateGradient } from '../layers/rotary.ts';
import { type BatchTensors, batchTensors, gridOf } from './batch-tensors.ts';
import type { CausalModel } from './causal-model.ts';
import type { Dropout } from './dropout.ts';
import { flush } from './engine-kernels.ts';

/**
 * Called between the parts of a pass, with the share of it that is done, from 0 to 1. If it throws, the pass
 * ends with that error.
 */
export type Pause = (share: number) => Promise<void>;

/** Gradients of a loss by parameter. */
export type Gradients = Map<string, tf.Tensor>;

/** What a pass keeps of the blocks on its way forward: `inputs` alone where their way forward is made again on the way back. */
export type Keeps = 'nothing' | 'everything' | 'inputs';

/** What its way back needs of a block's forward pass, or what that is made of again. */
type KeptOfBlock = { readonly saved: BlockSaved<AttentionSaved> } | { readonly input: tf.Tensor2D };

type HeadSaved = {
  readonly norm: NormSaved;
  readonly head: HeadLossSaved;
};

/**
 * One batch on its way through the model. Each part is flushed, so blocks share a graph and a cancelled pass ends soon.
 *
 * The way back is written out, as in llm.c (https://github.com/karpathy/llm.c), and not left to TensorFlow.js's tape,
 * which would keep every intermediate result to the end: here they go as soon as their block is passed. Where only the inputs
 * of blocks are kept (Chen et al., https://arxiv.org/abs/1604.06174), the way forward of a block is made again by the same
 * operations, in the same graph, with the same numbers dropped, so that every bit of the gradients is the same.
 */
export class TrainingPass {
  readonly #model: CausalModel;
  readonly #names: ModelNames;
  readonly #batch: BatchTensors;
  readonly #dropout: Dropout;
  readonly #pause: Pause;
  readonly #keeps: Keeps;
  /** What the head takes, in units of what a block takes in the same direction. */
  readonly #headCost: number;
  #cost = 0;
  readonly #kept: KeptOfBlock[] = [];
  #headSaved: HeadSaved | undefined;
  /** What goes from part to part: the rows [N, C], and then their gradient. */
  #rows: tf.Tensor2D | undefined;

  constructor(model: CausalModel, batch: PackedBatch, dropout: Dropout, pause: Pause, keeps: Keeps) {
    const { n_embd, vocab_size } = model.config;
    this.#model = model;
    this.#names = model.family.names;
    this.#batch = batchTensors(model, batch);
    this.#dropout = dropout;
    this.#pause = pause;
    this.#keeps = keeps;
    this.#headCost = vocab_size / (12 * n_embd);
  }

  /** Takes the batch through the model; gives what `measure` makes of the losses of its targets [M]. */
  async forward<Measured extends tf.Tensor>(measure: (losses: tf.Tensor1D) => Measured): Promise<Measured> {
    this.#rows = tf.tidy(() => this.#embed());
    flush();
    for (let layer = 0; layer < this.#model.config.n_layer; layer++) {
      if (this.#keeps === 'inputs') this.#kept.push({ input: tf.clone(this.#rows!) });
      const { y, saved } = this.#blockForward(layer, this.#rows!);
      this.#rows = y;
      if (this.#keeps === 'everything') this.#kept.push({ saved });
      else tf.dispose(saved);
      await this.#finish(1);
    }
    const { measured, saved } = tf.tidy(() => {
      const { losses, saved } = this.#losses(this.#rows!);
      return { measured: measure(losses), saved };
    });
    this.#headSaved = saved;
    flush();
    await this.#finish(this.#headCost).catch((error: unknown) => {
      measured.dispose();
      throw error;
    });
    return measured;
  }

  /** Takes the gradient of the sum of the losses, each with its weight [M, 1], back through the model. */
  async backward(weights: tf.Tensor2D, sums: Gradients): Promise<void> {
    const { targetRows } = this.#collect(sums, () => this.#lossGradients(this.#headSaved!, weights));
    this.#addRows(sums, this.#model.headName, this.#batch.targets.tokens, targetRows);
    tf.dispose([this.#headSaved!, targetRows]);
    await this.#finish(2 * this.#headCost);
    for (let layer = this.#model.config.n_layer - 1; layer >= 0; layer--) {
      const [gradient, saved] = [this.#rows!, this.#savedOf(layer)];
      this.#collect(sums, () => this.#blockGradients(layer, gradient, saved));
      tf.dispose([gradient, saved]);
      await this.#finish(this.#keeps === 'inputs' ? 3 : 2);
    }
    const { tokens, positions } = this.#names;
    const { embeddingScale } = this.#model;
    const gradient = tf.tidy(() => {
      const dropped = this.#dropEmbedding()(this.#rows!); // maybe the rows themselves
      return embeddingScale === 1 ? dropped : (tf.mul(dropped, embeddingScale) as tf.Tensor2D);
    });
    this.#addRows(sums, tokens, this.#batch.ids, gradient);
    if (positions !== undefined) this.#addRows(sums, positions, this.#batch.positions.ids, gradient);
    gradient.dispose();
  }

  dispose(): void {
    tf.dispose({ batch: this.#batch, kept: this.#kept, head: this.#headSaved, rows: this.#rows });
  }

  async #finish(cost: number): Promise<void> {
    this.#cost += cost;
    const ofBlock = { nothing: 1, everything: 3, inputs: 4 }[this.#keeps];
    const ofHead = this.#keeps === 'nothing' ? 1 : 3;
    await this.#pause(this.#cost / (ofBlock * this.#model.config.n_layer + ofHead * this.#headCost));
  }

  #blockForward(layer: number, x: tf.Tensor2D): { y: tf.Tensor2D; saved: BlockSaved<AttentionSaved> } {
    const made = tf.tidy(() => this.#model.blocks.forward(x, this.#layersOf(layer)));
    flush();
    return made;
  }

  /** What the last block saved of which something is still kept; the caller disposes of it. */
  #savedOf(layer: number): BlockSaved<AttentionSaved> {
    const kept = this.#kept.pop()!;
    if ('saved' in kept) return kept.saved;
    const { y, saved } = this.#blockForward(layer, kept.input); // what is saved includes the input
    y.dispose();
    return saved;
  }

  #embed(): tf.Tensor2D {
    const { ids, positions } = this.#batch;
    return this.#dropEmbedding()(this.#model.embed(ids, positions));
  }

  #dropEmbedding(): Drop {
    return this.#dropout.rows(this.#names.embeddingDropout);
  }

  #losses(rows: tf.Tensor2D): { losses: tf.Tensor1D; saved: HeadSaved } {
    const { counted, targets } = this.#batch;
    const { y, saved: norm } = this.#model.norm(this.#names.finalNorm).forward(rows);
    const { losses, saved: head } = headLosses(tf.gather(y, counted), this.#model.headWeight(), targets);
    return { losses, saved: { norm, head } };
  }

  #lossGradients({ norm, head }: HeadSaved, weights: tf.Tensor2D): Backward & { targetRows: tf.Tensor2D } {
    const { targetOfRow, targets } = this.#batch;
    const { hidden, weight, targetRows } = headLossGradients(
      head,
      this.#model.headWeight(),
      targets,
      weights,
      this.#model.trained.has(this.#model.headName),
    );
    const { x, parameters } = this.#model
      .norm(this.#names.finalNorm)
      .backward(tf.gather(hidden, targetOfRow), norm);
    return {
      x,
      parameters: { [this.#model.headName]: weight, ...within(this.#names.finalNorm, parameters) },
      targetRows,
    };
  }

  #blockGradients(layer: number, dy: tf.Tensor2D, saved: BlockSaved<AttentionSaved>): Backward {
    const { x, parameters } = this.#model.blocks.backward(dy, saved, this.#layersOf(layer));
    return { x, parameters: within(this.#names.block(layer), parameters) };
  }

  /** Takes the rows' gradient on, and adds those of the parameters that are trained to the sums. */
  #collect<Result extends Backward>(sums: Gradients, compute: () => Result): Omit<Result, keyof Backward> {
    const { x, updated, rest } = tf.tidy(() => {
      const { x, parameters, ...rest } = compute();
      const updated: Record<string, tf.Tensor> = {};
      for (const [name, gradient] of Object.entries(parameters)) {
        if (!this.#model.trained.has(name)) continue;
        const sum = sums.get(name);
        updated[name] = sum ? tf.add(sum, gradient()) : gradient();
      }
      return { x, updated, rest };
    });
    this.#rows = x;
    for (const [name, sum] of Object.entries(updated)) {
      sums.get(name)?.dispose();
      sums.set(name, sum);
    }
    flush();
    return rest;
  }

  /** Adds what single rows of a matrix have as their gradients to its sum, where the matrix is trained. */
  #addRows(sums: Gradients, name: string, rows: tf.Tensor1D, updates: tf.Tensor2D): void {
    const parameter = this.#model.trained.get(name);
    if (!parameter) return;
    const sum = (sums.get(name) ?? tf.zerosLike(parameter)) as tf.Tensor2D;
    sums.set(name, addRows(sum, rows, updates));
  }

  #layersOf(layer: number): ForwardLayers<AttentionSaved> & BackwardLayers {
    const full = (name: string) => `${this.#names.block(layer)}.${name}`;
    const { heads, window, rotation } = this.#model.attention[layer]!;
    const grid = gridOf(this.#batch, window);
    const turn = this.#batch.positions.rotations[rotation!]!;
    const drop = this.#dropout.attention(full(this.#names.attentionDropout));
    return {
      linear: (name) => this.#model.linear(full(name), this.#dropout.adapter(full(name))),
      norm: (name) => this.#model.norm(full(name)),
      rotate: (x) => rotate(x, turn),
      rotateGradient: (dy) => rotateGradient(dy, turn),
      attend: (rows) => attention(rows, grid, heads, drop),
      attentionGradient: (dy, saved) => attentionGradient(dy, saved, grid, heads, drop),
      dropRows: (name) => this.#dropout.rows(full(name)),
    };
  }
}

/** What a part's way back gives: the gradient of the rows that went in, and those of its parameters. */
type Backward = {
  readonly x: tf.Tensor2D;
  readonly parameters: GradientsOnDemand;
};
