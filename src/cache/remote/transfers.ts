/** Bytes that are done, and how many there will be as far as is known. */
export interface TransferredBytes {
  readonly done: number;
  readonly total: number;
}

/** How far the transfers of one direction are. Who waits for them looks at it from time to time. */
export class Transfers {
  #done = 0;
  #total = 0;

  get bytes(): TransferredBytes {
    return { done: this.#done, total: this.#total };
  }

  /** A transfer of this many bytes begins, or will. What is not known counts as it comes. */
  begin(bytes: number | undefined): Transfer {
    let [done, total] = [0, bytes ?? 0];
    this.#total += total;
    const grow = (by: number) => {
      total += by;
      this.#total += by;
    };
    const moved = (count: number) => {
      done += count;
      this.#done += count;
      if (done > total) grow(done - total); // sent once more after a break, or not known
    };
    return {
      moved,
      end: () => grow(done - total),
    };
  }
}

/** One transfer. */
export interface Transfer {
  moved(bytes: number): void;
  /** Nothing more of it comes: what did not move needed not to, or cannot. */
  end(): void;
}
