/*
 * SentencePiece joins the pair whose whole has the highest score. The same in pairs in an order, as tokenizer.json has them: all
 * ways to cut a token in two tokens, tokens with high scores first (as transformers converts such vocabularies).
 */

/** The pairs of tokens with scores, in the order in which they are joined. */
export function pairsOfScores(
  tokens: readonly (readonly [text: string, score: number])[],
): (readonly [string, string])[] {
  const place = new Map(tokens.map(([text], i) => [text, i]));
  const bestFirst = tokens.map(([text, score], i) => ({ text, score, i }));
  bestFirst.sort((a, b) => b.score - a.score || a.text.length - b.text.length || a.i - b.i);
  return bestFirst.flatMap(({ text }) => {
    const cuts = cutsOf(text, place);
    return cuts.sort(([a, b], [c, d]) => place.get(a)! - place.get(c)! || place.get(b)! - place.get(d)!);
  });
}

/**
 * The score of each token that pairs make, or undefined where scores cannot say what the pairs say: some way to cut a token in two
 * tokens is no pair.
 */
export function scoresOfPairs(
  texts: readonly string[],
  pairs: readonly (readonly [string, string])[],
): ReadonlyMap<string, number> | undefined {
  const scores = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const [rank, [left, right]] of pairs.entries()) {
    const whole = left + right;
    if (!scores.has(whole)) scores.set(whole, -rank);
    counts.set(whole, (counts.get(whole) ?? 0) + 1);
  }
  const known = new Map(texts.map((text) => [text, 0]));
  const complete = Array.from(counts).every(([whole, count]) => cutsOf(whole, known).length === count);
  return complete ? scores : undefined;
}

/** All ways to cut a token in two known ones, between characters. */
function cutsOf(text: string, known: ReadonlyMap<string, number>): [string, string][] {
  const characters = Array.from(text);
  const cuts: [string, string][] = [];
  let at = 0;
  for (const character of characters.slice(0, -1)) {
    at += character.length;
    const [left, right] = [text.slice(0, at), text.slice(at)];
    if (known.has(left) && known.has(right)) cuts.push([left, right]);
  }
  return cuts;
}
