import * as tf from '@tensorflow/tfjs-core';
import { familyOf } from '../families/families.ts';
import type { ModelConfig } from '../families/model-config.ts';
import type { LowRankPair } from '../layers/low-rank.ts';
import type { Adapter } from './causal-model.ts';
import { uniformNumbers } from './random-weights.ts';

/** Low-rank adaptation, as PEFT describes it (https://huggingface.co/docs/peft/package_reference/lora). */
export interface LoraOptions {
  /** Width of the narrow matrices. */
  readonly rank: number;
  /** What they change is multiplied by alpha / rank. */
  readonly alpha: number;
  /** Probability with which an element of what goes into them is dropped in training. */
  readonly dropout: number;
  /** Which layers have them: their names or the ends of those, such as `c_attn` or `mlp.c_proj`. */
  readonly targets: readonly string[];
}

/** The adapter of a model: for each layer that it adapts, `<layer>.lora_A.weight` and `<layer>.lora_B.weight`. */
export class LoraAdapter implements Adapter {
  readonly options: LoraOptions;
  readonly parameters: ReadonlyMap<string, tf.Variable>;

  /** Takes ownership of the parameters, which are those that `loraShapes` names. */
  constructor(options: LoraOptions, parameters: ReadonlyMap<string, tf.Variable>) {
    this.options = options;
    this.parameters = parameters;
  }

  get dropout(): number {
    return this.options.dropout;
  }

  pairOf(layer: string): LowRankPair | undefined {
    const a = this.parameters.get(`${layer}.lora_A.weight`);
    const b = this.parameters.get(`${layer}.lora_B.weight`);
    return a && b && { a, b, scaling: this.options.alpha / this.options.rank };
  }
}

/**
 * An adapter that changes nothing yet, as PEFT begins: B is zero, and A Kaiming-uniform with a = √5, which is evenly from
 * ±1 / √in (He et al., https://arxiv.org/abs/1502.01852). The same seed gives the same numbers everywhere.
 */
export function initialLora(config: ModelConfig, options: LoraOptions, seed: number): LoraAdapter {
  const parameters = Array.from(loraShapes(config, options), ([name, shape]) => {
    const [rows, columns] = shape;
    const initial = name.endsWith('lora_A.weight')
      ? tf.tensor2d(uniformNumbers(`${seed}/${name}`, rows * columns, 1 / Math.sqrt(columns)), shape)
      : tf.zeros(shape);
    const variable = tf.variable(initial);
    initial.dispose();
    return [name, variable] as const;
  });
  return new LoraAdapter(options, new Map(parameters));
}

/** Name and shape of every parameter of an adapter, in the order of the computation. */
function loraShapes(
  config: ModelConfig,
  { rank, targets }: LoraOptions,
): Map<string, [rows: number, columns: number]> {
  const shapes = new Map<string, [number, number]>();
  const { parameterShapes, huggingFace } = familyOf(config);
  for (const [name, shape] of parameterShapes(config)) {
    const layer = name.replace(/\.weight$/, '');
    if (!targets.some((target) => `.${layer}`.endsWith(`.${target}`))) continue;
    const [rows, columns] = shape as [number, number];
    const [from, to] = huggingFace.fanInFanOut ? [rows, columns] : [columns, rows];
    shapes.set(`${layer}.lora_A.weight`, [rank, from]);
    shapes.set(`${layer}.lora_B.weight`, [to, rank]);
  }
  return shapes;
}

/** How many numbers an adapter learns. */
export function loraParameterCount(config: ModelConfig, options: LoraOptions): number {
  let count = 0;
  for (const [rows, columns] of loraShapes(config, options).values()) count += rows * columns;
  return count;
}
