/** Everything that is drawn by chance in this suite follows from this number. */
export const SEED = Number(process.env.PIPE_FAULTS_SEED ?? 20_261_127);

/** The long form (`npm run faults`); otherwise the rounds are so few that CI has time for them. */
export const LONG = process.env.PIPE_FAULTS === 'long';

/** A generator of its own for one round, so that a round can be repeated without those before it. */
export class Random {
  #state: number;

  constructor(kind: string, round: number) {
    // FNV-1a over what names the round
    let hash = 2_166_136_261;
    for (const character of `${SEED} ${kind} ${round}`) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
    }
    this.#state = hash >>> 0 || 1;
  }

  /** From 0 up to, and without, 1: Marsaglia's xorshift. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
