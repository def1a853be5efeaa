import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 10;

/** Ends every process of a group at once; a group that is gone already is fine. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // ESRCH: nobody is left
  }
}

/** Kills what is left of a group and waits until none of its processes can write a file any more. */
export async function endGroup(group: number): Promise<void> {
  while (groupIsAlive(group)) {
    killGroup(group);
    await delay(POLL_MS);
  }
}

/** Whether a process of the group still runs. Dead ones that nobody has reaped do not count. */
export function groupIsAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false; // ESRCH, or EPERM: macOS says so for a group of which only unreaped processes are left
  }
  return process.platform !== 'linux' || readdirSync('/proc').some((entry) => isLiveMember(entry, group));
}

/** Linux answers signal 0 for unreaped processes too; in a container without an init nobody ever reaps them. */
function isLiveMember(entry: string, group: number): boolean {
  if (!/^\d+$/.test(entry)) return false;
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    // "pid (name) state ppid pgrp …" (proc(5)); the name may hold anything, brackets and spaces included
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(processGroup) === group && state !== 'Z' && state !== 'X';
  } catch {
    return false; // it ended while we looked
  }
}
