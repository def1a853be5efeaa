import fc from 'fast-check';
import type { History } from './history.ts';

/** Once something has failed, smaller histories are played this often: whether one fails may be a matter of luck. */
const TRIES_WHEN_SHRINKING = 5;
/** After this time of shrinking no smaller history is tried. */
const SHRINKING_MS = 60_000;

/** Plays so many histories of a seed, and prints what it did. A failure shrinks to the shortest history that it can find. */
export async function expectAllHold(
  histories: fc.Arbitrary<History>,
  play: (history: History) => Promise<void>,
  { seed, runs }: { readonly seed: number; readonly runs: number },
): Promise<void> {
  let played = 0;
  let failedAt: number | undefined;
  const began = performance.now();
  const property = fc.asyncProperty(histories, async (history) => {
    played++;
    if (failedAt !== undefined && performance.now() - failedAt > SHRINKING_MS) return;
    try {
      for (let left = failedAt === undefined ? 1 : TRIES_WHEN_SHRINKING; left > 0; left--)
        await play(history);
    } catch (error) {
      if (failedAt === undefined) console.log(`seed ${seed}: history ${played} of ${runs} fails, shrinking`);
      failedAt ??= performance.now();
      throw error;
    }
  });
  const details = await fc.check(property, { seed, numRuns: runs });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`seed ${seed}: ${details.numRuns} histories in ${seconds} s`);
  if (!details.failed) return;
  const { counterexamplePath, errorInstance } = details;
  const told = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(`${told}\n(seed ${seed}, path ${counterexamplePath}, ${details.numShrinks} times shrunk)`);
}
