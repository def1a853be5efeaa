import type { ActionRecord } from '../../cache/records/action-record.ts';
import type { AttemptError } from '../attempt/attempt.ts';
import type { Outcome, Reason } from '../events/run-event.ts';
import type { Emit } from '../events/run-event-of.ts';

/** What there is to tell of a finished stage besides its outcome. */
export interface Finish {
  readonly reason: Reason;
  readonly record?: ActionRecord;
  readonly error?: AttemptError;
  readonly log?: string;
}

/** How the stages of a run ended, and the event that says so. */
export class StageEndings {
  /** How each stage ended so far. */
  readonly outcomes = new Map<string, Outcome>();
  readonly #started = new Map<string, number>();
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** A stage begins to run; the time of one that runs again counts from its first beginning. */
  begin(id: string): void {
    if (!this.#started.has(id)) this.#started.set(id, performance.now());
  }

  cancelled(id: string, finish: Pick<Finish, 'log'> = {}): void {
    const reason: Reason = { code: 'cancelled', message: 'the run was cancelled' };
    this.finish(id, 'cancelled', { reason, ...finish });
  }

  failed(id: string, error: AttemptError, finish: Pick<Finish, 'log'>): void {
    this.finish(id, 'failed', { reason: { code: 'failed', message: error.message }, error, ...finish });
  }

  /** The stage was not started because of another one that failed. */
  skipped(id: string, because: string): void {
    const reason: Reason = {
      code: 'upstream-failed',
      message: `after ${because} failed`,
      after: [because],
    };
    this.finish(id, 'skipped', { reason });
  }

  finish(id: string, outcome: Outcome, { reason, record, error, log }: Finish): void {
    this.outcomes.set(id, outcome);
    const started = this.#started.get(id);
    this.#emit({
      type: 'stage-finished',
      stage: id,
      outcome,
      reason,
      duration_ms: started === undefined ? 0 : Math.round(performance.now() - started),
      ...(record && { action: record.key }),
      outputs: Object.fromEntries(
        Object.entries(record?.outputs ?? {}).map(([name, { digest, bytes }]) => [name, { digest, bytes }]),
      ),
      ...metricsOf(record),
      ...(error && {
        error: { message: error.message, ...(error.hint !== undefined && { hint: error.hint }) },
      }),
      ...(log !== undefined && { log }),
    });
  }
}

function metricsOf(record: ActionRecord | undefined): { metrics?: Readonly<Record<string, number>> } {
  const metrics = (record?.provenance.metrics ?? {}) as Readonly<Record<string, number>>;
  return Object.keys(metrics).length > 0 ? { metrics } : {};
}
