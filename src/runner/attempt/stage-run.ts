import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActionRecord } from '../../cache/records/action-record.ts';
import { acquireLock, type Lock } from '../../files/lock.ts';
import { explained } from '../../files/system-problem.ts';
import { failedByUser, runAttempt } from './attempt-run.ts';
import type { AttemptOutcome, StageOrder, StageRunContext } from './stage-order.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

/** An attempt that was displaced is followed by another. */
type FinalOutcome = Exclude<AttemptOutcome, { readonly status: 'displaced' }>;

export type StageEnd =
  | FinalOutcome
  /** Another run has done the action while this one waited for its turn. */
  | { readonly log?: string; readonly status: 'found-elsewhere'; readonly record: ActionRecord };

/**
 * Runs one stage whose turn has come. The lock of its action is held from the last look at the records until there is a
 * record of it, so of all runners that want an action one executes it, and the others find what it has recorded.
 */
export class StageRun {
  readonly #context: StageRunContext;
  /** Over the whole run: a stage whose outputs were lost may run twice. */
  readonly #attempts = new Map<string, number>();

  constructor(context: StageRunContext) {
    this.#context = context;
  }

  async run(order: StageOrder): Promise<StageEnd> {
    const { control } = this.#context;
    const lock = await this.#lock(order).catch((error: unknown) => {
      if (control.cancelled.aborted) return undefined;
      throw error;
    });
    if (!lock) return { status: 'cancelled' };
    try {
      const record = await this.#doneMeanwhile(order);
      if (record) return { status: 'found-elsewhere', record };
      const { invalidations } = this.#context.decider;
      const marks = invalidations.of(order.action.key);
      const end = await this.#attemptUntilDone(order);
      if (end.status === 'ran') await invalidations.remove(marks);
      return end;
    } finally {
      await lock.release();
    }
  }

  async #lock({ stage, action }: StageOrder): Promise<Lock> {
    const { workspace, control, store, emit } = this.#context;
    return await acquireLock(join(workspace.locksDirectory, action.key), {
      run: store.about.run,
      signal: control.cancelled,
      onWaiting: (holder) => emit({ type: 'stage-waiting', stage: stage.id, holder }),
    });
  }

  /** The record of an action that was decided to run, and has been done since by somebody else. */
  async #doneMeanwhile({ stage, action, reason, redo }: StageOrder): Promise<ActionRecord | undefined> {
    if (reason.code === 'forced' || reason.code === 'always') return undefined;
    const { workspace, decider } = this.#context;
    const decision = await decider.decide(stage, action);
    if (!decision.hit || !redo) return decision.hit ? decision.record : undefined;
    // What was lost counts as done when all of it is there again.
    for (const output of Object.values(decision.record.outputs)) {
      if (!(await workspace.objects.contains(output))) return undefined;
    }
    return decision.record;
  }

  async #attemptUntilDone(order: StageOrder): Promise<FinalOutcome> {
    const { control, emit } = this.#context;
    const { id: stage, execution } = order.stage;
    const own = new Set<string>();
    for (let failures = 0; ; ) {
      const number = (this.#attempts.get(stage) ?? 0) + 1;
      this.#attempts.set(stage, number);
      const end = await failedByUser(() =>
        explained('run the stage', () => runAttempt(order, { number, own }, this.#context)),
      );
      if (end.status === 'displaced') {
        emit({ type: 'stage-displaced', stage, error: end.error.message, delay_ms: FIRST_RETRY_MS });
        await delay(FIRST_RETRY_MS, undefined, { signal: control.cancelled }).catch(() => {});
        if (control.cancelled.aborted) return cancelledAt(end.log);
        continue;
      }
      if (end.status !== 'failed' || failures === execution.retries || control.cancelled.aborted) return end;
      const delay_ms = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      failures++;
      const of = execution.retries + 1;
      emit({ type: 'stage-retrying', stage, attempt: failures + 1, of, delay_ms, error: end.error.message });
      await delay(delay_ms, undefined, { signal: control.cancelled }).catch(() => {});
      if (control.cancelled.aborted) return cancelledAt(end.log);
    }
  }
}

function cancelledAt(log: string | undefined): FinalOutcome {
  return { status: 'cancelled', ...(log !== undefined && { log }) };
}
