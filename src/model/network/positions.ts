import * as tf from '@tensorflow/tfjs-core';
import { familyOf } from '../families/families.ts';
import type { ModelConfig } from '../families/model-config.ts';
import type { Rotation } from '../layers/rotary.ts';

/** Where N tokens are in their texts, as a model takes it. */
export type Positions = {
  readonly ids: tf.Tensor1D; // [N] int32
  /** What turns queries and keys, of each kind of block, in families that know positions by that. */
  readonly rotations: Readonly<Record<string, Rotation>>;
};

/** The tensors of the positions of some tokens. The caller disposes of them. */
export function positionsOf(config: ModelConfig, positions: Int32Array): Positions {
  const rotations = familyOf(config).rotations(config, positions);
  return { ids: tf.tensor1d(positions, 'int32'), rotations };
}
