import * as tf from '@tensorflow/tfjs-core';
import { type BatchTensors, batchTensors } from './batch-tensors.ts';
import { flush } from './engine-kernels.ts';
import { addRows } from './fused/add-rows.ts';
import { type BlockSaved, type BlockShape, block, blockGradients } from './fused/block.ts';
import { embedding } from './fused/embedding.ts';
import { type HeadLossSaved, headLoss, headLossGradients } from './fused/head-loss.ts';
import { type LayerNormSaved, layerNorm, layerNormGradients } from './fused/layer-norm.ts';
import type { Gpt2 } from './gpt2.ts';
import type { PackedBatch } from './packed-batch.ts';

/**
 * Called between the parts of a pass, with the share of it that is done, from 0 to 1. Where it throws, the pass
 * ends with that error.
 */
export type Pause = (share: number) => Promise<void>;

/** Gradients of a loss by parameter. */
export type Gradients = Map<string, tf.Tensor>;

/**
 * Weighted sum of the cross-entropies in nats of a batch's counted targets; with the weight 1 / count it is their
 * mean. The caller disposes of it.
 */
export async function batchLoss(
  model: Gpt2,
  batch: PackedBatch,
  weight: number,
  pause: Pause,
): Promise<tf.Scalar> {
  const pass = new Pass(model, batch, weight, pause, 'forward');
  try {
    return await pass.forward();
  } finally {
    pass.dispose();
  }
}

/**
 * The same loss, and its gradient with respect to each parameter, which is added to what `sums` has of it. The
 * caller disposes of the loss, and of the sums also where the pass fails.
 *
 * The backward pass is written out, as in llm.c (https://github.com/karpathy/llm.c), and not left to TensorFlow.js's
 * tape, which would keep every intermediate result to the end: here they go as soon as their block is passed.
 */
export async function addGradients(
  model: Gpt2,
  batch: PackedBatch,
  weight: number,
  sums: Gradients,
  pause: Pause,
): Promise<tf.Scalar> {
  const pass = new Pass(model, batch, weight, pause, 'both');
  try {
    const loss = await pass.forward();
    await pass.backward(sums).catch((error: unknown) => {
      loss.dispose();
      throw error;
    });
    return loss;
  } finally {
    pass.dispose();
  }
}

type HeadSaved = {
  readonly norm: LayerNormSaved;
  readonly head: HeadLossSaved;
};

/** One batch on its way through the model. Each part is flushed, so blocks share a graph and a cancelled pass ends soon. */
class Pass {
  readonly #model: Gpt2;
  readonly #batch: BatchTensors;
  readonly #blockShape: BlockShape;
  readonly #pause: Pause;
  readonly #back: boolean;
  /** What the head takes, in units of what a block takes in the same direction. */
  readonly #headCost: number;
  #cost = 0;
  readonly #saved: BlockSaved[] = [];
  #headSaved: HeadSaved | undefined;
  /** What goes from part to part: the rows [N, C], and then their gradient. */
  #rows: tf.Tensor2D | undefined;

  constructor(model: Gpt2, batch: PackedBatch, weight: number, pause: Pause, way: 'forward' | 'both') {
    const { n_head, n_embd, vocab_size, layer_norm_epsilon } = model.config;
    this.#model = model;
    this.#batch = batchTensors(batch, vocab_size, weight);
    this.#blockShape = { heads: n_head, epsilon: layer_norm_epsilon, grid: this.#batch.grid };
    this.#pause = pause;
    this.#back = way === 'both';
    this.#headCost = vocab_size / (12 * n_embd);
  }

  async forward(): Promise<tf.Scalar> {
    this.#rows = tf.tidy(() => this.#embed());
    flush();
    for (let layer = 0; layer < this.#model.config.n_layer; layer++) {
      const rows: tf.Tensor2D = this.#rows!;
      const { y, saved } = tf.tidy(() => block(rows, this.#blockParameter(layer), this.#blockShape));
      this.#rows = y;
      flush();
      if (this.#back) this.#saved.push(saved);
      else tf.dispose(saved);
      await this.#finish(1);
    }
    const { loss, saved } = tf.tidy(() => this.#loss(this.#rows!));
    this.#headSaved = saved;
    flush();
    await this.#finish(this.#headCost).catch((error: unknown) => {
      loss.dispose();
      throw error;
    });
    return loss;
  }

  async backward(sums: Gradients): Promise<void> {
    const { targetRows } = this.#collect(sums, () => this.#lossGradients(this.#headSaved!));
    this.#addRows(sums, this.#model.headName, this.#batch.targets.tokens, targetRows);
    tf.dispose([this.#headSaved!, targetRows]);
    await this.#finish(2 * this.#headCost);
    for (let layer = this.#model.config.n_layer - 1; layer >= 0; layer--) {
      const [gradient, saved] = [this.#rows!, this.#saved.pop()!];
      this.#collect(sums, () => this.#blockGradients(layer, gradient, saved));
      tf.dispose([gradient, saved]);
      await this.#finish(2);
    }
    this.#addRows(sums, TOKENS, this.#batch.ids, this.#rows!);
    this.#addRows(sums, POSITIONS, this.#batch.positions, this.#rows!);
  }

  dispose(): void {
    tf.dispose({ batch: this.#batch, saved: this.#saved, head: this.#headSaved, rows: this.#rows });
  }

  async #finish(cost: number): Promise<void> {
    this.#cost += cost;
    await this.#pause(this.#cost / ((this.#back ? 3 : 1) * (this.#model.config.n_layer + this.#headCost)));
  }

  #embed(): tf.Tensor2D {
    const { ids, positions } = this.#batch;
    const [tokens, places] = [this.#parameter(TOKENS), this.#parameter(POSITIONS)];
    return embedding(tokens, places, ids, positions);
  }

  #loss(rows: tf.Tensor2D): { loss: tf.Scalar; saved: HeadSaved } {
    const { counted, targets } = this.#batch;
    const [weight, bias] = [this.#parameter(`${FINAL_NORM}.weight`), this.#parameter(`${FINAL_NORM}.bias`)];
    const { y, saved: norm } = layerNorm(rows, weight, bias, this.#blockShape.epsilon);
    const { loss, saved: head } = headLoss(tf.gather(y, counted), this.#model.headWeight(), targets);
    return { loss, saved: { norm, head } };
  }

  #lossGradients({ norm, head }: HeadSaved): Collected & { targetRows: tf.Tensor2D } {
    const { targetOfRow, targets } = this.#batch;
    const { hidden, weight, targetRows } = headLossGradients(head, this.#model.headWeight(), targets);
    const scale = this.#parameter(`${FINAL_NORM}.weight`);
    const fromNorm = layerNormGradients(tf.gather(hidden, targetOfRow), norm, scale);
    const gradients = {
      [this.#model.headName]: weight,
      [`${FINAL_NORM}.weight`]: fromNorm.weight,
      [`${FINAL_NORM}.bias`]: fromNorm.bias,
    };
    return { rows: fromNorm.x, gradients, targetRows };
  }

  #blockGradients(layer: number, dy: tf.Tensor2D, saved: BlockSaved): Collected {
    const { x, parameters } = blockGradients(dy, saved, this.#blockParameter(layer), this.#blockShape);
    const named = Object.entries(parameters).map(([name, gradient]) => [blockName(layer, name), gradient]);
    return { rows: x, gradients: Object.fromEntries(named) };
  }

  /** Takes the rows' gradient on, and adds the parameters' to the sums. */
  #collect<Result extends Collected>(sums: Gradients, compute: () => Result): Result {
    const result = tf.tidy(() => {
      const result = compute();
      for (const [name, gradient] of Object.entries(result.gradients)) {
        const sum = sums.get(name);
        if (sum) result.gradients[name] = tf.add(sum, gradient);
      }
      return result;
    });
    this.#rows = result.rows;
    for (const [name, gradient] of Object.entries(result.gradients)) {
      sums.get(name)?.dispose();
      sums.set(name, gradient);
    }
    flush();
    return result;
  }

  /** Adds what single rows of a matrix have as their gradients to its sum. */
  #addRows(sums: Gradients, name: string, rows: tf.Tensor1D, updates: tf.Tensor2D): void {
    const sum = (sums.get(name) ?? tf.zerosLike(this.#parameter(name))) as tf.Tensor2D;
    sums.set(name, addRows(sum, rows, updates));
  }

  #blockParameter(layer: number): (name: string) => tf.Tensor {
    return (name) => this.#parameter(blockName(layer, name));
  }

  #parameter(name: string): tf.Variable {
    return this.#model.parameters.get(name)!;
  }
}

type Collected = {
  readonly rows: tf.Tensor2D;
  readonly gradients: Record<string, tf.Tensor>;
};

const TOKENS = 'transformer.wte.weight';
const POSITIONS = 'transformer.wpe.weight';
const FINAL_NORM = 'transformer.ln_f';

function blockName(layer: number, name: string): string {
  return `transformer.h.${layer}.${name}`;
}
