/** Which pairs of tokens become one, and in which order. */
export class PairTable {
  readonly #size: number;
  readonly #rankOf = new Map<number, number>();
  readonly #whole: number[] = [];

  /** `size`: ids are below it. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Adds a pair after all others; one that is there already moves to the end. */
  add(left: number, right: number, whole: number): void {
    this.#rankOf.set(left * this.#size + right, this.#whole.push(whole) - 1);
  }

  /**
   * Joins neighbouring tokens as long as any two can be: of all pairs always the earliest in the table, the leftmost of equals
   * (byte-pair encoding, Sennrich et al. 2016, https://arxiv.org/abs/1508.07909). Takes n log n steps: a text may be one piece.
   */
  joined(tokens: readonly number[]): readonly number[] {
    if (tokens.length < 2) return tokens;
    const ids = Int32Array.from(tokens);
    const next = Int32Array.from(tokens, (_, i) => i + 1);
    const previous = Int32Array.from(tokens, (_, i) => i - 1);
    const waiting = new SmallestFirst();
    const offer = (left: number) => {
      const right = next[left]!;
      const rank = right < ids.length ? this.#rankOf.get(ids[left]! * this.#size + ids[right]!) : undefined;
      if (rank !== undefined) waiting.add(rank * PLACES + left);
    };
    for (let i = 0; i + 1 < ids.length; i++) offer(i);
    for (let entry = waiting.take(); entry !== undefined; entry = waiting.take()) {
      const left = entry % PLACES;
      const rank = (entry - left) / PLACES;
      const right = next[left]!;
      // A pair that another one has taken part of since it was offered.
      if (ids[left] === GONE || right >= ids.length) continue;
      if (this.#rankOf.get(ids[left]! * this.#size + ids[right]!) !== rank) continue;
      ids[left] = this.#whole[rank]!;
      ids[right] = GONE;
      const after = next[right]!;
      next[left] = after;
      if (after < ids.length) previous[after] = left;
      offer(left);
      if (previous[left]! >= 0) offer(previous[left]!);
    }
    return Array.from(ids.filter((id) => id !== GONE));
  }
}

const GONE = -1;
/** More than any text has tokens, so that a rank and a place are one exact number. */
const PLACES = 2 ** 31;

/** A heap of numbers. */
class SmallestFirst {
  readonly #heap: number[] = [];

  add(value: number): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]! <= value) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = value;
  }

  /** The smallest number, which leaves the heap; undefined where there is none. */
  take(): number | undefined {
    const heap = this.#heap;
    const smallest = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return smallest;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]! < heap[below]!) below += 1;
      if (heap[below]! >= last) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return smallest;
  }
}
