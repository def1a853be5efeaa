import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from './store-request.ts';

/** Before the second and the third try. */
const PAUSES_MS = [500, 2_000];

/** What `work` gives, tried again where a connection broke or the store was too busy. Throws the last error. */
export async function tried<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || (error instanceof Refusal && !error.isPassing)) throw error;
    }
    await delay(pause, undefined, { signal });
  }
  return await work();
}
