import * as tf from '@tensorflow/tfjs-core';

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
    const { learningRate, epsilon, weightDecay, betas } = this.#options;
    const [beta1, beta2] = betas;
    first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1)));
    second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
    const correction1 = 1 - beta1 ** t;
    const correction2 = Math.sqrt(1 - beta2 ** t);
    const denominator = tf.add(tf.div(tf.sqrt(second), correction2), epsilon);
    const step = tf.mul(tf.div(first, denominator), learningRate / correction1);
    parameter.assign(tf.sub(tf.mul(parameter, 1 - learningRate * weightDecay), step));
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
