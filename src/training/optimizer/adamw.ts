import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../../model/network/engine-kernels.ts';

export interface AdamWOptions {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /** `matrices`: parameters of one dimension (biases, layer norms) do not decay, as in nanoGPT. */
  readonly decayOn: 'all' | 'matrices';
}

/** Running averages of one parameter's gradient and of its square; both have the parameter's shape. */
interface Moments {
  readonly first: tf.Variable;
  readonly second: tf.Variable;
}

/**
 * AdamW of Loshchilov and Hutter (https://arxiv.org/abs/1711.05101, algorithm 2) in the form of
 * torch.optim.AdamW: the decay is decoupled from the gradient.
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

  /** The variables that the next update depends on besides the parameters, by name. */
  variables(): ReadonlyMap<string, tf.Variable> {
    const named = Array.from(this.#moments, ([name, { first, second }]): [string, tf.Variable][] => [
      [`first_moment.${name}`, first],
      [`second_moment.${name}`, second],
    ]);
    return new Map(named.flat());
  }

  /**
   * Makes update number t (the first is 1) of every parameter in place, from its gradient times `scale`, and frees
   * each gradient as soon as it has been used.
   */
  update(gradients: ReadonlyMap<string, tf.Tensor>, t: number, learningRate: number, scale = 1): void {
    for (const [name, parameter] of this.#parameters) {
      const gradient = gradients.get(name)!;
      const numbers = { ...this.#numbers(t, learningRate, parameter.rank), scale };
      tf.tidy(() => updateOne(parameter, gradient, this.#moments.get(name)!, numbers));
      gradient.dispose();
    }
  }

  /** The bias corrections of both moments are brought into the step's size and epsilon. */
  #numbers(t: number, learningRate: number, rank: number): Omit<Numbers, 'scale'> {
    const { epsilon, weightDecay, decayOn, betas } = this.#options;
    const [beta1, beta2] = betas;
    const correction1 = 1 - beta1 ** t;
    const correction2 = Math.sqrt(1 - beta2 ** t);
    const decays = decayOn === 'all' || rank >= 2;
    return {
      beta1,
      beta2,
      step: (learningRate * correction2) / correction1,
      epsilon: epsilon * correction2,
      keep: decays ? 1 - learningRate * weightDecay : 1,
    };
  }

  dispose(): void {
    for (const { first, second } of this.#moments.values()) {
      first.dispose();
      second.dispose();
    }
  }
}

type Numbers = Readonly<Record<'beta1' | 'beta2' | 'step' | 'epsilon' | 'keep' | 'scale', number>>;

function updateOne(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  { first, second }: Moments,
  numbers: Numbers,
): void {
  if (hasKernel('AdamWUpdate')) {
    runKernel('AdamWUpdate', { parameter, gradient, first, second }, numbers);
    return;
  }
  const { beta1, beta2, step, epsilon, keep, scale } = numbers;
  const scaled = scale === 1 ? gradient : tf.mul(gradient, scale);
  first.assign(tf.add(tf.mul(first, beta1), tf.mul(scaled, 1 - beta1)));
  second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(scaled), 1 - beta2)));
  const change = tf.mul(tf.div(first, tf.add(tf.sqrt(second), epsilon)), step);
  parameter.assign(tf.sub(tf.mul(parameter, keep), change));
}

function zeroMoments(shape: number[]): Moments {
  const zeros = () => tf.tidy(() => tf.variable(tf.zeros(shape), false));
  return { first: zeros(), second: zeros() };
}
