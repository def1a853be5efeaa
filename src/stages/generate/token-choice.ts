import { createHash } from 'node:crypto';
import { type PenaltyOptions, penalised, penalises } from '../../model/generation/penalties.ts';
import { candidates, likeliest, pick } from '../../model/generation/sampling.ts';
import { Mt19937 } from '../../statistics/random/mt19937.ts';
import type { GenerateSettings } from './settings.ts';

const DEFAULT_SEED = 123;

/** Chooses the next token of a text from the scores of all tokens. */
type TokenChoice = (scores: Float32Array, text: readonly number[]) => number;

/**
 * What chooses the tokens of one reply to a record; undefined for the likeliest one of the scores as they are. Draws depend on
 * the seed, the record's place in the file and the number of the sample, and on nothing that happens to other replies. The
 * first sample is the one that a single reply would be.
 */
export function tokenChoice(
  settings: GenerateSettings,
  record: number,
  sample: number,
): TokenChoice | undefined {
  const penalties = penaltiesOf(settings);
  const choose = settings.strategy === 'sample' ? draws(settings, record, sample) : undefined;
  if (!penalises(penalties)) return choose;
  return (scores, text) => (choose ?? likeliest)(penalised(scores, text, penalties));
}

function penaltiesOf({ repetition_penalty, no_repeat_ngram_size }: GenerateSettings): PenaltyOptions {
  return { repetitionPenalty: repetition_penalty, noRepeatNgramSize: no_repeat_ngram_size };
}

function draws(
  { temperature = 1, top_k, top_p, seed = DEFAULT_SEED }: GenerateSettings,
  record: number,
  sample: number,
): (scores: Float32Array) => number {
  const name = sample === 0 ? `${seed}/${record}` : `${seed}/${record}/${sample}`;
  const own = createHash('sha256').update(name).digest().readUInt32LE();
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
