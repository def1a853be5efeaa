import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../model/engine-kernels.ts';

export interface AdamWOptions {
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** Running averages of one parameter's gradient and of its square; both have the parameter's shape. */
interface Moments {
  readonly first: tf.Variable;
  readonly second: tf.Variable;
}

/**
 * AdamW of Loshchilov and Hutter (https://arxiv.org/abs/1711.05101, algorithm 2) in the form of
 * torch.optim.AdamW: the decay is decoupled from the gradient and applies to every parameter, biases and layer
 * norms included, as in the book.
 */
export class AdamW {
  readonly #parameters: ReadonlyMap<string, tf.Variable>;
  readonly #options: AdamWOptions;
  readonly #moments: ReadonlyMap<string, Moments>;

  constructor(parameters: ReadonlyMap<string, tf.Variable>, options: AdamWOptions) {
    this.#parameters = parameters;
    this.#options = options;
    this.#moments = new Map(Array.from(parameters, ([name, { shape }]) => [name, zeroMoments(shape)]));
  }

  /** The variables that the next update depends on beside the parameters, by name. */
  variables(): ReadonlyMap<string, tf.Variable> {
    const named = Array.from(this.#moments, ([name, { first, second }]): [string, tf.Variable][] => [
      [`first_moment.${name}`, first],
      [`second_moment.${name}`, second],
    ]);
    return new Map(named.flat());
  }

  /**
   * Makes update number t (the first is 1) of every parameter in place, and frees each gradient as soon as it
   * has been used.
   */
  update(gradients: ReadonlyMap<string, tf.Tensor>, t: number): void {
    for (const [name, parameter] of this.#parameters) {
      const gradient = gradients.get(name)!;
      tf.tidy(() => this.#updateOne(parameter, gradient, this.#moments.get(name)!, t));
      gradient.dispose();
    }
  }

  #updateOne(parameter: tf.Variable, gradient: tf.Tensor, { first, second }: Moments, t: number): void {
    const numbers = this.#numbers(t);
    if (hasKernel('AdamWUpdate')) {
      runKernel('AdamWUpdate', { parameter, gradient, first, second }, numbers);
      return;
    }
    const { beta1, beta2, step, epsilon, keep } = numbers;
    first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1)));
    second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
    const change = tf.mul(tf.div(first, tf.add(tf.sqrt(second), epsilon)), step);
    parameter.assign(tf.sub(tf.mul(parameter, keep), change));
  }

  /** The bias corrections of both moments are brought into the step's size and epsilon. */
  #numbers(t: number) {
    const { learningRate, epsilon, weightDecay, betas } = this.#options;
    const [beta1, beta2] = betas;
    const correction1 = 1 - beta1 ** t;
    const correction2 = Math.sqrt(1 - beta2 ** t);
    return {
      beta1,
      beta2,
      step: (learningRate * correction2) / correction1,
      epsilon: epsilon * correction2,
      keep: 1 - learningRate * weightDecay,
    };
  }

  dispose(): void {
    for (const { first, second } of this.#moments.values()) {
      first.dispose();
      second.dispose();
    }
  }
}

function zeroMoments(shape: number[]): Moments {
  const zeros = () => tf.tidy(() => tf.variable(tf.zeros(shape), false));
  return { first: zeros(), second: zeros() };
}
