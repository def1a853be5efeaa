import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDigest } from '../../files/digest.ts';
import { lockHolder } from '../../files/lock.ts';
import { orAbsent } from '../../files/system-problem.ts';
import { endOf, lastHeardOf, type StoredRun } from '../../runner/events/stored-run.ts';

/** The actions that a run has started and not finished, and the stage of each. */
export function unfinishedActions({
  events,
}: StoredRun): readonly (readonly [action: string, stage: string])[] {
  const actions = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'stage-started') actions.set(event.stage, event.action);
    else if (event.type === 'stage-finished') actions.delete(event.stage);
  }
  return [...actions].map(([stage, action]) => [action, stage]);
}

/** Who is at work on which action: the locks of live processes. */
export async function lockHolders(locksDirectory: string): Promise<ReadonlyMap<string, string>> {
  const holders = new Map<string, string>();
  for (const action of ((await orAbsent(readdir(locksDirectory))) ?? []).filter(isDigest)) {
    const holder = await lockHolder(join(locksDirectory, action));
    if (holder !== undefined) holders.set(action, holder);
  }
  return holders;
}

/** Whether a run may go on: it has not ended, and somebody holds an action of it, or it has said something within a time. */
export function mayBeAtWork(run: StoredRun, holders: ReadonlyMap<string, string>, silentMs: number): boolean {
  if (endOf(run) !== undefined) return false;
  if (unfinishedActions(run).some(([action]) => holders.has(action))) return true;
  return Date.now() - lastHeardOf(run) < silentMs;
}
