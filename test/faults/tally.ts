import { expect, type TestContext } from 'vitest';
import { Random, SEED } from './seeded.ts';

/** Rounds of one kind of fault, counted by what happened. */
export interface TallyRow {
  readonly kind: string;
  readonly rounds: number;
  /** What happened -> in how many rounds. `WRONG` counts broken promises. */
  readonly happened: Readonly<Record<string, number>>;
}

declare module 'vitest' {
  interface TaskMeta {
    faults?: readonly TallyRow[];
  }
}

/** More broken promises of one kind are only counted. */
const SHOWN = 3;
/** `PIPE_FAULTS_ROUND=17` repeats one round. */
const ONLY = process.env.PIPE_FAULTS_ROUND === undefined ? undefined : Number(process.env.PIPE_FAULTS_ROUND);

/** Counts what happened in the rounds of a test, and collects the promises that were broken. */
export class Tally {
  readonly #happened = new Map<string, Map<string, number>>();
  readonly #broken = new Map<string, string[]>();

  /**
   * Does one round of a kind of fault, which says in a few words what happened. What it throws is a broken promise;
   * returns whether it kept all of them.
   */
  async round(kind: string, number: number, attack: (random: Random) => Promise<string>): Promise<boolean> {
    if (ONLY !== undefined && number !== ONLY) return true;
    try {
      this.#count(kind, await attack(new Random(kind, number)));
      return true;
    } catch (error) {
      this.#count(kind, 'WRONG');
      const message = error instanceof Error ? error.message : String(error);
      const told = this.#broken.get(kind) ?? [];
      this.#broken.set(kind, [...told, `${kind}, round ${number}, seed ${SEED}: ${message}`]);
      return false;
    }
  }

  /** Hands the counts to the table, and fails the test when a promise was broken. */
  finish({ task }: TestContext): void {
    task.meta.faults = [...this.#happened].map(([kind, happened]) => ({
      kind,
      rounds: [...happened.values()].reduce((sum, count) => sum + count, 0),
      happened: Object.fromEntries(happened),
    }));
    const shown = [...this.#broken].flatMap(([kind, messages]) => [
      ...messages.slice(0, SHOWN),
      ...(messages.length > SHOWN ? [`${kind}: ${messages.length - SHOWN} more`] : []),
    ]);
    expect(shown.join('\n\n'), 'promises that were broken').toBe('');
  }

  #count(kind: string, what: string): void {
    const counts = this.#happened.get(kind) ?? new Map<string, number>();
    counts.set(what, (counts.get(what) ?? 0) + 1);
    this.#happened.set(kind, counts);
  }
}
