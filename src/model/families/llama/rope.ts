import * as tf from '@tensorflow/tfjs-core';
import type { Rotation } from '../../layers/rotary.ts';

/** Rotary positions, in the names of Hugging Face's `rope_parameters`. */
export type Rope = { readonly rope_theta: number } & RopeScaling;

/** How a model that learnt short texts was made to read longer ones. */
export type RopeScaling =
  | { readonly rope_type: 'default' }
  | { readonly rope_type: 'linear'; readonly factor: number }
  | {
      readonly rope_type: 'llama3';
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    }
  | {
      readonly rope_type: 'yarn';
      readonly factor: number;
      readonly original_max_position_embeddings: number;
      readonly beta_fast: number;
      readonly beta_slow: number;
      /** What cosines and sines are multiplied with. */
      readonly attention_factor: number;
    };

/** The rotation of heads of size D at some positions [N]. The caller disposes of it. */
export function rotationAt(positions: Int32Array, rope: Rope, D: number): Rotation {
  const speeds = angularSpeeds(rope, D);
  const factor = rope.rope_type === 'yarn' ? rope.attention_factor : 1;
  const half = speeds.length;
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  for (const [n, position] of positions.entries()) {
    for (const [i, speed] of speeds.entries()) {
      const angle = Math.fround(position * speed); // in float32, as the models were trained
      cos[n * half + i] = Math.cos(angle) * factor;
      sin[n * half + i] = Math.sin(angle) * factor;
    }
  }
  const shape: [number, number, number] = [positions.length, 1, half];
  return { cos: tf.tensor3d(cos, shape), sin: tf.tensor3d(sin, shape) };
}

/** By how many radians each pair of numbers is turned from one position to the next [D / 2], as float32. */
export function angularSpeeds(rope: Rope, D: number): Float32Array {
  return Float32Array.from(speedsOf(rope, D));
}

/** The same before they are rounded. */
export function speedsOf(rope: Rope, D: number): number[] {
  const scale = scaling(rope, D);
  return Array.from({ length: D / 2 }, (_, i) => scale(rope.rope_theta ** ((-2 * i) / D), i));
}

/** What becomes of the speed of pair i. */
function scaling(rope: Rope, D: number): (speed: number, i: number) => number {
  switch (rope.rope_type) {
    case 'default':
      return (speed) => speed;
    case 'linear':
      return (speed) => speed / rope.factor;
    case 'llama3': {
      // Slow pairs, whose turns are long beside what was learnt, are slowed down (https://arxiv.org/abs/2407.21783, section 3.2).
      const { factor, low_freq_factor: low, high_freq_factor: high } = rope;
      return (speed) => {
        const turns = (rope.original_max_position_embeddings * speed) / (2 * Math.PI);
        const kept = clamped((turns - low) / (high - low));
        return speed * ((1 - kept) / factor + kept);
      };
    }
    case 'yarn': {
      // As above, with a ramp over the pairs (Peng et al., https://arxiv.org/abs/2309.00071).
      const pairOf = (turns: number) =>
        (D * Math.log(rope.original_max_position_embeddings / (turns * 2 * Math.PI))) /
        (2 * Math.log(rope.rope_theta));
      const first = Math.max(Math.floor(pairOf(rope.beta_fast)), 0);
      const last = Math.min(Math.ceil(pairOf(rope.beta_slow)), D - 1);
      const width = Math.max(last - first, 0.001);
      return (speed, i) => {
        const slowed = clamped((i - first) / width);
        return speed * (slowed / rope.factor + 1 - slowed);
      };
    }
  }
}

function clamped(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}

/** What cosines and sines are multiplied with under YaRN unless a model says otherwise, here and in llama.cpp. */
export function usualAttentionFactor(factor: number): number {
  return factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
}
