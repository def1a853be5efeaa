import { generate } from '../../src/model/generation/generate.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';

/** Our scores of all tokens that follow some ids. */
export async function scoresAfter(model: CausalModel, ids: readonly number[]): Promise<Float64Array> {
  let found = new Float64Array();
  const choose = (scores: Float32Array) => {
    found = Float64Array.from(scores);
    return 0;
  };
  await generate(model, [ids], { maxNewTokens: 1, endOfText: -1, choose });
  return found;
}

/** The largest difference of two lists of numbers. */
export function farthest(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  return Array.from(ours).reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
}
