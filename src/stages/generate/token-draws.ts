import { createHash } from 'node:crypto';
import { candidates, pick } from '../../model/generation/sampling.ts';
import { Mt19937 } from '../../statistics/random/mt19937.ts';
import type { GenerateSettings } from './settings.ts';

const DEFAULT_SEED = 123;

/**
 * What chooses the tokens of the reply to one record under the strategy `sample`. Its draws depend on the seed and on
 * the record's place in the file, and on nothing that happens to other records.
 */
export function tokenDraws(
  { temperature = 1, top_k, top_p, seed = DEFAULT_SEED }: GenerateSettings,
  record: number,
): (scores: Float32Array) => number {
  const own = createHash('sha256').update(`${seed}/${record}`).digest().readUInt32LE();
  const generator = Mt19937.seeded(own);
  const options = {
    temperature,
    ...(top_k !== undefined && { topK: top_k }),
    ...(top_p !== undefined && { topP: top_p }),
  };
  return (scores) => pick(candidates(scores, options), uniform(generator));
}

/** A number in [0, 1) with all the bits that a double has for it. */
function uniform(generator: Mt19937): number {
  return Number(generator.nextInt63() >> 10n) / 2 ** 53;
}
