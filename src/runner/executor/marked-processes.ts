import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** The variable that every process of an attempt inherits, in whatever group or session it lives. */
const VARIABLE = 'PIPE_ATTEMPT';
const POLL_MS = 10;

/** A mark that no other attempt has. */
export function newMark(): string {
  return randomUUID();
}

/** Whether a text can be a mark: an empty one would be found in every process. */
export function isMark(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** The environment that marks a process. A pipe that runs within a stage adds its own marks to the one that it has. */
export function markingEnvironment(mark: string): Record<string, string> {
  const outer = process.env[VARIABLE];
  return { [VARIABLE]: outer === undefined ? mark : `${outer} ${mark}` };
}

/**
 * Kills every process with one of the marks and waits until none is left: also those that have left the process group
 * (`setsid`), which nothing else finds. Linux only (proc(5), `environ`); elsewhere it finds none. A program that starts
 * another one with an empty environment hides that from us.
 */
export async function endMarked(marks: readonly string[]): Promise<void> {
  if (marks.length === 0) return;
  for (let pids = marked(marks); pids.length > 0; pids = marked(marks)) {
    for (const pid of pids) kill(pid);
    await delay(POLL_MS);
  }
}

/** Zombies have no environment, and of other users' processes it cannot be read: neither is found. */
function marked(marks: readonly string[]): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => pid !== String(process.pid) && hasMark(pid, marks)).map(Number);
}

function hasMark(pid: string, marks: readonly string[]): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    return marks.some((mark) => environment.includes(mark));
  } catch {
    return false; // it ended while we looked, or is not ours
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended meanwhile
  }
}
