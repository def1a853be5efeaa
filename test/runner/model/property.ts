import fc from 'fast-check';
import type { History } from './history.ts';
import type { Tally } from './play.ts';

/** Once something has failed, smaller histories are played this often: whether one fails may be a matter of luck. */
const TRIES_WHEN_SHRINKING = 5;
/** After this time of shrinking no smaller history is tried. */
const SHRINKING_MS = 60_000;

export interface PropertyOptions {
  readonly seed: number;
  readonly runs: number;
  /** Histories wait for timers and for the disk, so several are played at a time. */
  readonly atOnce: number;
}

/**
 * Plays so many histories and prints what it did. A failure shrinks to the shortest history that can be found; it is
 * thrown as the Error of `play`, with the seed.
 */
export async function expectAllHold(
  histories: fc.Arbitrary<History>,
  play: (history: History, tally: Tally) => Promise<void>,
  { seed, runs, atOnce }: PropertyOptions,
): Promise<void> {
  let played = 0;
  const tally: Tally = new Map();
  let failing: { readonly worker: number; readonly since: number } | undefined;
  const began = performance.now();

  const isOver = (worker: number) =>
    failing && (failing.worker !== worker || performance.now() - failing.since > SHRINKING_MS);
  const check = (worker: number) => {
    const property = fc.asyncProperty(histories, async (history) => {
      if (isOver(worker)) return;
      if (!failing) played++;
      const tries = failing ? TRIES_WHEN_SHRINKING : 1;
      const error = await firstError(() => play(history, tally), tries);
      if (error === undefined || isOver(worker)) return;
      if (!failing) console.log(`history ${played} fails, ${error.message.split('\n').at(-1)}; shrinking`);
      failing ??= { worker, since: performance.now() };
      throw error;
    });
    return fc.check(property, { seed: seed + worker, numRuns: Math.ceil(runs / atOnce) });
  };

  const details = await Promise.all(Array.from({ length: atOnce }, (_, worker) => check(worker)));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`seed ${seed}: ${played} histories in ${seconds} s: ${countsText(tally)}`);
  const failure = details.find(({ failed }) => failed);
  if (failure) {
    const { errorInstance, seed: own, counterexamplePath, numShrinks } = failure;
    const told = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    throw new Error(
      `history ${played} failed:\n${told}\n(seed ${own}, path ${counterexamplePath}, shrunk ${numShrinks} times)`,
    );
  }
}

async function firstError(step: () => Promise<void>, tries: number): Promise<Error | undefined> {
  for (let left = tries; left > 0; left--) {
    try {
      await step();
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
