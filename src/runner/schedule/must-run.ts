import type { AttemptError } from '../attempt/attempt.ts';
import type { Reason } from '../events/run-event.ts';
import { type LostOutput, lostReason } from '../plan/lost-outputs.ts';

/**
 * The stages that run although there is a record of what they do, each at most once for its reason: those that are
 * forced or always run, and those whose outputs were lost.
 */
export class MustRun {
  readonly #reasons: Map<string, Reason>;
  /** Stages whose lost outputs were made again, and when that was finished (Infinity: not yet). */
  readonly #rebuilt = new Map<string, number>();

  constructor(planned: ReadonlyMap<string, Reason>) {
    this.#reasons = new Map(planned);
  }

  has(id: string): boolean {
    return this.#reasons.has(id);
  }

  reasonOf(id: string): Reason | undefined {
    return this.#reasons.get(id);
  }

  /** The stage has run, or another run has done the same meanwhile. */
  fulfil(id: string): void {
    this.#reasons.delete(id);
  }

  /** The outputs of a stage are there now. */
  noteDone(id: string): void {
    if (this.#rebuilt.has(id)) this.#rebuilt.set(id, performance.now());
  }

  /**
   * Stage `reader`, which began to run at `began`, could not read an output: the stage that gave it must run again, for
   * the reason that is returned. `since`: it was made again after `began`; `again`: it was lost once more.
   */
  rebuild(output: LostOutput, reader: string, began: number): Reason | 'since' | 'again' {
    const rebuilt = this.#rebuilt.get(output.stage);
    if ((rebuilt ?? 0) > began) return 'since';
    if (rebuilt !== undefined) return 'again';
    const reason = lostReason(output, reader);
    this.#rebuilt.set(output.stage, Number.POSITIVE_INFINITY);
    this.#reasons.set(output.stage, reason);
    return reason;
  }
}

/** The error of a stage whose input was lost after it had been made again. */
export function lostAgain({ stage, output }: LostOutput): AttemptError {
  return {
    message: `the output ${output} of ${stage} was lost again after it had been rebuilt`,
    hint: 'Is something else deleting or changing files under artifacts/?',
  };
}
