import fc from 'fast-check';
import type { History } from './history.ts';
import type { Tally } from './play.ts';
import { smallerHistories } from './reduce.ts';

/** Whether a history fails may be a matter of luck: a smaller one is played this often. */
const TRIES_WHEN_REDUCING = 3;
/** After this time no smaller history is tried. */
const REDUCING_MS = 90_000;

export interface PropertyOptions {
  readonly seed: number;
  readonly runs: number;
  /** Histories wait for timers and for the disk, so several are played at a time. */
  readonly atOnce: number;
}

type Play = (history: History, tally: Tally) => Promise<void>;

/**
 * Plays `runs` histories and prints what happened in them. One that fails is made smaller until nothing more can be left
 * out; its transcript is thrown then, with the seed.
 */
export async function expectAllHold(
  histories: fc.Arbitrary<History>,
  play: Play,
  { seed, runs, atOnce }: PropertyOptions,
): Promise<void> {
  const tally: Tally = new Map();
  let played = 0;
  let failing: History | undefined;
  const began = performance.now();
  const property = fc.asyncProperty(histories, async (history) => {
    if (failing) return;
    played++;
    try {
      await play(history, tally);
    } catch (error) {
      failing ??= history;
      throw error;
    }
  });
  const workers = Array.from({ length: atOnce }, (_, worker) =>
    fc.check(property, { seed: seed + worker, numRuns: Math.ceil(runs / atOnce), endOnFailure: true }),
  );
  const details = await Promise.all(workers);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`seed ${seed}: ${played} histories in ${seconds} s: ${countsText(tally)}`);
  const failure = details.find(({ counterexample }) => failing && counterexample?.[0] === failing);
  if (!failing || !failure) return;
  const error = await reduced(failing, failure.errorInstance as Error, play, performance.now() + REDUCING_MS);
  throw new Error(
    `history ${played} with seed ${seed} (${failure.seed}) fails; made small:\n${error.message}`,
  );
}

/** The error of the smallest history that is found to fail until `deadline`. */
async function reduced(history: History, error: Error, play: Play, deadline: number): Promise<Error> {
  for (const smaller of smallerHistories(history)) {
    if (performance.now() > deadline) break;
    const found = await errorOf(smaller, play);
    if (found) return await reduced(smaller, found, play, deadline);
  }
  return error;
}

async function errorOf(history: History, play: Play): Promise<Error | undefined> {
  for (let left = TRIES_WHEN_REDUCING; left > 0; left--) {
    try {
      await play(history, new Map());
    } catch (error) {
      return error as Error;
    }
  }
  return undefined;
}

function countsText(tally: Tally): string {
  const counts = [...tally].sort(([, one], [, other]) => other - one);
  return counts.map(([thing, count]) => `${count} x ${thing}`).join(', ');
}
