import { howFar } from '../../reporters/progress-text.ts';
import { RunState, type StageState } from '../../reporters/run-state.ts';
import type { StoredRun } from '../../runner/events/stored-run.ts';
import type { Status } from '../json-shapes/status.ts';

/** A stored run folded to what it has come to; events of stages that it never announced are left out. */
export function stateOf({ events }: StoredRun): RunState {
  const state = new RunState();
  for (const event of events) {
    if (!('stage' in event) || state.stages.has(event.stage)) state.apply(event);
  }
  return state;
}

/** Since when a stage is at work, and how far it has come. */
export function progressOf({
  startedAt,
  progress,
}: StageState): Pick<Status['running'][number], 'started' | 'progress'> {
  return {
    ...(startedAt === undefined ? {} : { started: new Date(startedAt).toISOString() }),
    ...(progress === undefined ? {} : { progress: howFar(progress) }),
  };
}
