import { acquireLock, lockHolder } from '../../files/lock.ts';

/** Somebody else who wants the lock may be quicker; then he has it for as long as his work takes. */
const PATIENCE_MS = 1000;

/** Does something under a lock, unless somebody holds it: he is at work on what it guards. */
export async function ifFree(lock: string, work: () => Promise<void>): Promise<void> {
  if ((await lockHolder(lock)) !== undefined) return;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const held = await acquireLock(lock, { run: 'gc', signal, onWaiting: () => {} }).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (held === undefined) return;
  try {
    await work();
  } finally {
    await held.release();
  }
}
