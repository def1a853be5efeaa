/**
 * Joins neighbouring parts of some bytes, first single ones, as long as any two make a token: of all pairs always the one
 * whose token has the lowest id, the leftmost of equals (byte-pair encoding, Sennrich et al. 2016,
 * https://arxiv.org/abs/1508.07909, in the form of tiktoken). Bytes are a string of one character a byte; every single byte
 * must be a token. Returns the ids of the parts.
 */
export function bytePairIds(bytes: string, idOf: ReadonlyMap<string, number>): number[] {
  // Part i is bytes[starts[i]] up to bytes[starts[i + 1]]; joined[i] is the id of it with the part after it.
  const starts = Array.from({ length: bytes.length + 1 }, (_, i) => i);
  const join = (i: number): number => {
    const end = starts[i + 2];
    return (end === undefined ? undefined : idOf.get(bytes.slice(starts[i], end))) ?? Infinity;
  };
  const joined = Array.from({ length: bytes.length }, (_, i) => join(i));
  for (;;) {
    const lowest = indexOfLowest(joined);
    if (lowest === undefined) return joined.map((_, i) => idOf.get(bytes.slice(starts[i], starts[i + 1]))!);
    starts.splice(lowest + 1, 1);
    joined.splice(lowest + 1, 1);
    joined[lowest] = join(lowest);
    if (lowest > 0) joined[lowest - 1] = join(lowest - 1);
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
