/** What makes tokens less likely that a text holds already. The prompt counts as part of the text. */
export interface PenaltyOptions {
  /** Scores of tokens that occur are divided by it where they are positive, and multiplied where they are negative; 1 leaves all. */
  readonly repetitionPenalty: number;
  /** No sequence of this many tokens occurs twice; 0 leaves all. */
  readonly noRepeatNgramSize: number;
}

/** Whether the options change any score. */
export function penalises({ repetitionPenalty, noRepeatNgramSize }: PenaltyOptions): boolean {
  return repetitionPenalty !== 1 || noRepeatNgramSize > 0;
}

/**
 * The scores of the next token of a text, as RepetitionPenaltyLogitsProcessor (Keskar et al. 2019,
 * https://arxiv.org/abs/1909.05858) and then NoRepeatNGramLogitsProcessor of transformers change them: in float32, and with
 * -Infinity for what may not follow.
 */
export function penalised(
  scores: Float32Array,
  text: readonly number[],
  { repetitionPenalty, noRepeatNgramSize }: PenaltyOptions,
): Float32Array {
  const changed = scores.slice();
  const penalty = Math.fround(repetitionPenalty);
  for (const token of new Set(text)) {
    const score = scores[token]!;
    changed[token] = score < 0 ? score * penalty : score / penalty;
  }
  const allowed = changed.slice();
  for (const token of completing(text, noRepeatNgramSize)) allowed[token] = Number.NEGATIVE_INFINITY;
  // Something must follow: where every token would be a repetition, repetitions are allowed.
  return allowed.some((score) => score > Number.NEGATIVE_INFINITY) ? allowed : changed;
}

/** Tokens that would complete a sequence of `size` tokens which the text holds already. */
function completing(text: readonly number[], size: number): number[] {
  if (size === 0 || text.length < size) return [];
  const begun = text.slice(text.length - size + 1);
  const tokens: number[] = [];
  for (let start = 0; start + size <= text.length; start++) {
    if (begun.every((token, i) => text[start + i] === token)) tokens.push(text[start + size - 1]!);
  }
  return tokens;
}
