import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A live process, as /proc shows it. */
export interface Process {
  readonly pid: number;
  readonly argv: string;
}

const POLL_MS = 10;

/** Live processes that have `text` in their environment or arguments. */
export function processesWith(text: string): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      // Both are empty of a process that has ended and was not reaped.
      const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
      return argv.includes(text) || environment.includes(text) ? [{ pid: Number(name), argv }] : [];
    } catch {
      return []; // it ended while we looked, or is another user's
    }
  });
}

/** The processes with `text` that are still alive after `patience` milliseconds; empty as soon as none is. */
export async function survivors(text: string, patience: number): Promise<Process[]> {
  const end = Date.now() + patience;
  for (;;) {
    const alive = processesWith(text);
    if (alive.length === 0 || Date.now() > end) return alive;
    await delay(POLL_MS);
  }
}

/** Sends a signal; a process that is gone is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH
  }
}

/** Ends everything with `text`, so that one broken promise does not break those of the next round. */
export async function endAll(text: string): Promise<void> {
  for (let alive = processesWith(text); alive.length > 0; alive = processesWith(text)) {
    for (const { pid } of alive) signal(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
}
