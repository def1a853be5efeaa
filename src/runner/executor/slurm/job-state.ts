/** What a state of Slurm means for an attempt. */
export type Phase = 'waits' | 'runs' | 'ended';

/** squeue(1), "JOB STATE CODES", of Slurm 20 to 25. */
const PHASES: Readonly<Record<string, Phase>> = {
  PENDING: 'waits',
  CONFIGURING: 'waits',
  REQUEUED: 'waits',
  REQUEUE_FED: 'waits',
  REQUEUE_HOLD: 'waits',
  RESV_DEL_HOLD: 'waits',
  SPECIAL_EXIT: 'waits',
  COMPLETED: 'ended',
  FAILED: 'ended',
  CANCELLED: 'ended',
  TIMEOUT: 'ended',
  DEADLINE: 'ended',
  OUT_OF_MEMORY: 'ended',
  NODE_FAIL: 'ended',
  BOOT_FAIL: 'ended',
  LAUNCH_FAILED: 'ended',
  PREEMPTED: 'ended',
  REVOKED: 'ended',
};

/** A state that nobody knows is no end: RUNNING, COMPLETING, SUSPENDED, STAGE_OUT, and those of later versions. */
export function phaseOf(state: string): Phase {
  return (Object.hasOwn(PHASES, state) && PHASES[state]) || 'runs';
}

/** The machine was taken away; the stage has nothing to do with it. */
export function isTakenAway(state: string): boolean {
  return ['NODE_FAIL', 'BOOT_FAIL', 'LAUNCH_FAILED', 'PREEMPTED', 'REVOKED'].includes(state);
}
