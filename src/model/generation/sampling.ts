/** What narrows a choice among tokens, applied in this order, as in transformers. */
export interface SamplingOptions {
  /** Scores are divided by it: below 1 likely tokens become likelier. */
  readonly temperature: number;
  /** Only tokens whose score is among the k highest; more than k where scores are equal. */
  readonly topK?: number;
  /** Only the fewest likeliest tokens whose probabilities add up to at least this. */
  readonly topP?: number;
}

/** Tokens that can be drawn, in ascending order, and their probabilities. */
export interface Candidates {
  readonly tokens: readonly number[];
  readonly probabilities: readonly number[];
}

/**
 * Which tokens can follow, and how likely each is: top-k (Fan et al. 2018, https://arxiv.org/abs/1805.04833) and
 * nucleus sampling (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751) on the scores of all tokens.
 */
export function candidates(scores: Float32Array, { temperature, topK, topP }: SamplingOptions): Candidates {
  const least = topK === undefined ? -Infinity : kthHighest(scores, Math.min(topK, scores.length));
  const tokens: number[] = [];
  for (let token = 0; token < scores.length; token++) {
    // A token that is never to be chosen has -Infinity.
    if (scores[token]! >= least && scores[token]! > -Infinity) tokens.push(token);
  }
  const highest = tokens.reduce((most, token) => Math.max(most, scores[token]!), -Infinity);
  const weights = tokens.map((token) => Math.exp((scores[token]! - highest) / temperature));
  const all = normalised({ tokens, probabilities: weights });
  return topP === undefined ? all : normalised(nucleus(all, topP));
}

/** The token with the highest score, the first of equals. */
export function likeliest(scores: Float32Array): number {
  let best = 0;
  for (let token = 1; token < scores.length; token++) if (scores[token]! > scores[best]!) best = token;
  return best;
}

/** The candidate at `uniform`, in [0, 1), of the way through the probabilities. */
export function pick({ tokens, probabilities }: Candidates, uniform: number): number {
  let passed = 0;
  const place = probabilities.findIndex((probability) => {
    passed += probability;
    return uniform < passed;
  });
  // Rounding can leave the sum of all slightly below 1.
  return tokens.at(place)!;
}

function nucleus(all: Candidates, topP: number): Candidates {
  // Tokens this unlikely are not in it even together, so that only few must be sorted.
  const floor = (1 - topP) / all.tokens.length;
  const order = [...all.tokens.keys()]
    .filter((place) => all.probabilities[place]! >= floor)
    .sort((a, b) => all.probabilities[b]! - all.probabilities[a]! || a - b);
  let sum = 0;
  let count = 0;
  while (count < order.length && sum < topP) sum += all.probabilities[order[count++]!]!;
  const places = order.slice(0, count).sort((a, b) => a - b);
  return {
    tokens: places.map((place) => all.tokens[place]!),
    probabilities: places.map((place) => all.probabilities[place]!),
  };
}

function normalised({ tokens, probabilities }: Candidates): Candidates {
  const sum = probabilities.reduce((total, probability) => total + probability, 0);
  return { tokens, probabilities: probabilities.map((probability) => probability / sum) };
}

/** The k-th highest of some numbers, k from 1 (C. A. R. Hoare, "Algorithm 65: find", 1961). */
function kthHighest(numbers: Float32Array, k: number): number {
  const sorted = numbers.slice();
  const target = sorted.length - k;
  let [left, right] = [0, sorted.length - 1];
  while (left < right) {
    const pivot = sorted[(left + right) >> 1]!;
    let [i, j] = [left, right];
    while (i <= j) {
      while (sorted[i]! < pivot) i++;
      while (sorted[j]! > pivot) j--;
      if (i > j) break;
      [sorted[i], sorted[j]] = [sorted[j]!, sorted[i]!];
      i++;
      j--;
    }
    if (target <= j) right = j;
    else if (target >= i) left = i;
    else break;
  }
  return sorted[target]!;
}
