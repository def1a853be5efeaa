/**
 * The rank of the pair bytes[start … middle) and bytes[middle … end): the lower it is, the sooner the two are joined; Infinity
 * where they never are.
 */
export type PairRank = (bytes: string, start: number, middle: number, end: number) => number;

/**
 * Joins neighbouring parts of some bytes, first single ones, as long as any two can be: of all pairs always the one with the
 * lowest rank, the leftmost of equals (byte-pair encoding, Sennrich et al. 2016, https://arxiv.org/abs/1508.07909). Bytes are a
 * string of one character a byte. Returns the parts.
 */
export function joinedPairs(bytes: string, rankOf: PairRank): string[] {
  // Part i is bytes[starts[i]] up to bytes[starts[i + 1]]; ranks[i] is that of it with the part after it.
  const starts = Array.from({ length: bytes.length + 1 }, (_, i) => i);
  const rank = (i: number): number => {
    const end = starts[i + 2];
    return end === undefined ? Infinity : rankOf(bytes, starts[i]!, starts[i + 1]!, end);
  };
  const ranks = Array.from({ length: bytes.length }, (_, i) => rank(i));
  for (;;) {
    const lowest = indexOfLowest(ranks);
    if (lowest === undefined) return ranks.map((_, i) => bytes.slice(starts[i], starts[i + 1]));
    starts.splice(lowest + 1, 1);
    ranks.splice(lowest + 1, 1);
    ranks[lowest] = rank(lowest);
    if (lowest > 0) ranks[lowest - 1] = rank(lowest - 1);
  }
}

/** The index of the first lowest number, or undefined if there is no finite one. */
function indexOfLowest(numbers: readonly number[]): number | undefined {
  let index: number | undefined;
  let lowest = Infinity;
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i]! < lowest) {
      lowest = numbers[i]!;
      index = i;
    }
  }
  return index;
}
