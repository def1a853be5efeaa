/** Two records by their ids, and how similar their texts are. */
interface Pair {
  readonly similarity: number;
  readonly first: { readonly id: number };
  readonly second: { readonly id: number };
}

/**
 * The most similar of however many pairs: equal texts make n² / 2 of them, which no memory holds. Of pairs of the same
 * similarity those that were added first are kept.
 */
export class MostSimilar<Of extends Pair> {
  /** Pairs that were added. */
  count = 0;
  readonly #most: number;
  readonly #kept: Of[] = [];
  /** Pairs below it, or like it, come too late. */
  #floor = Number.NEGATIVE_INFINITY;

  /** Keeps `most` pairs, and twice as many for a while. */
  constructor(most: number) {
    this.#most = most;
  }

  add(pair: Of): void {
    this.count += 1;
    if (pair.similarity <= this.#floor) return;
    this.#kept.push(pair);
    if (this.#kept.length === 2 * this.#most) this.#cut();
  }

  /** The most similar first, those of the same similarity in the order of their ids. */
  sorted(): readonly Of[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept.sort(
      (a, b) => b.similarity - a.similarity || a.first.id - b.first.id || a.second.id - b.second.id,
    );
    if (this.#kept.length <= this.#most) return;
    this.#kept.length = this.#most;
    this.#floor = this.#kept.at(-1)!.similarity;
  }
}
