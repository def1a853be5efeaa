import { createHash } from 'node:crypto';

/** Share of the table that is filled before it grows. */
const FULL = 0.7;

/**
 * Which texts have been seen, in 12 to 24 bytes each however long they are: by 64 bits of their sha256, of which two are
 * equal by chance once in a million data sets of five million texts.
 */
export class SeenTexts {
  #table = new BigUint64Array(1024);
  #count = 0;

  /** Whether the text has been added before; adds it. */
  add(text: string): boolean {
    // Zero marks a free place.
    const digest = createHash('sha256').update(text).digest().readBigUInt64LE() || 1n;
    if (this.#count >= FULL * this.#table.length) this.#grow();
    if (!insert(this.#table, digest)) return true;
    this.#count += 1;
    return false;
  }

  #grow(): void {
    const larger = new BigUint64Array(2 * this.#table.length);
    for (const digest of this.#table) if (digest !== 0n) insert(larger, digest);
    this.#table = larger;
  }
}

/** False where the table has it. */
function insert(table: BigUint64Array, digest: bigint): boolean {
  let place = Number(digest % BigInt(table.length));
  for (; table[place] !== 0n; place = (place + 1) % table.length) if (table[place] === digest) return false;
  table[place] = digest;
  return true;
}
