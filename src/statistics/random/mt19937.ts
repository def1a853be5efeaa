const N = 624;
const M = 397;

/** Everything that a generator's next draws depend on, as JSON can hold it. */
export interface Mt19937State {
  readonly words: readonly number[];
  readonly position: number;
}

/**
 * The Mersenne twister of M. Matsumoto and T. Nishimura (1998), drawn from as PyTorch's CPU generator does, so
 * that one seed gives one order of data here and there.
 */
export class Mt19937 {
  #words: Uint32Array;
  #position: number;

  private constructor(words: Uint32Array, position: number) {
    this.#words = words;
    this.#position = position;
  }

  /** The generator after `torch.manual_seed(seed)`; of a seed beyond 32 bits the low 32 count. */
  static seeded(seed: number | bigint): Mt19937 {
    const words = new Uint32Array(N);
    words[0] = Number(BigInt.asUintN(32, BigInt(seed)));
    for (let i = 1; i < N; i++) {
      const previous = words[i - 1]!;
      words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
    return new Mt19937(words, N);
  }

  static restored(state: Mt19937State): Mt19937 {
    return new Mt19937(Uint32Array.from(state.words), state.position);
  }

  state(): Mt19937State {
    return { words: Array.from(this.#words), position: this.#position };
  }

  /** The next 32 random bits. */
  next32(): number {
    if (this.#position >= N) this.#twist();
    let y = this.#words[this.#position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** `torch.empty((), dtype=torch.int64).random_()`: two 32-bit draws, the first one high, below 2^63. */
  nextInt63(): bigint {
    const high = BigInt(this.next32());
    return BigInt.asUintN(63, (high << 32n) | BigInt(this.next32()));
  }

  #twist(): void {
    const words = this.#words;
    // Three ranges instead of remainders of indices, which take most of the time.
    for (let i = 0; i < N - M; i++) words[i] = words[i + M]! ^ mixed(words[i]!, words[i + 1]!);
    for (let i = N - M; i < N - 1; i++) words[i] = words[i + M - N]! ^ mixed(words[i]!, words[i + 1]!);
    words[N - 1] = words[M - 1]! ^ mixed(words[N - 1]!, words[0]!);
    this.#position = 0;
  }
}

function mixed(high: number, low: number): number {
  const y = (high & 0x80000000) | (low & 0x7fffffff);
  // No branch: half of them would be mispredicted.
  return (y >>> 1) ^ (-(y & 1) & 0x9908b0df);
}
