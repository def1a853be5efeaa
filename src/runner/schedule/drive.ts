import type { Schedule, State } from './schedule.ts';

/** What came of deciding about a stage, or of running it. */
export type Step =
  | { readonly to: 'done' | 'failed' }
  /** It was stopped because the run is cancelled; only an answer of `run`. */
  | { readonly to: 'cancelled' }
  /** It must run; only an answer of `check`. */
  | { readonly to: 'queued' }
  /** It is the same action as `need`, which is on its way: wait for that and decide again. */
  | { readonly to: 'waiting'; readonly need: string }
  /** Outputs of these stages, which were done, are lost: they go first, then this one is decided again. */
  | { readonly to: 'waiting'; readonly rebuild: readonly string[] };

export interface Work {
  /** Decides whether a stage must run; everything that it needs is done. */
  check(id: string): Promise<Step>;
  /** Runs a stage to its end. */
  run(id: string): Promise<Step>;
  /** Called for each stage that is not started because another one failed. */
  skipped(id: string, because: string): void;
  /** Called for each stage that is not started because the run was cancelled. */
  cancelled(id: string): void;
}

/** What came back for a stage and has not been applied to the schedule yet. */
type Answer = { readonly id: string } & ({ readonly step: Step } | { readonly error: unknown });

/**
 * Takes every stage of a schedule to its end: decides about those that are ready, starts those for which there is
 * room, waits for one of them, and again. When `cancelled` is aborted nothing more is started; what runs is waited
 * for. Rejects with the first error that anything threw, after everything that was started has settled.
 *
 * Promises only put their answers into a list and ring the bell. The loop alone changes the schedule, whose states say
 * how many answers are still to come: there is no second account of what runs that could disagree with it.
 */
export async function drive(schedule: Schedule, work: Work, cancelled: AbortSignal): Promise<void> {
  const answers: Answer[] = [];
  const errors: unknown[] = [];
  const bell = new Bell();
  cancelled.addEventListener('abort', bell.ring);
  const start = async (id: string, step: (id: string) => Promise<Step>): Promise<void> => {
    try {
      answers.push({ id, step: await step(id) });
    } catch (error) {
      answers.push({ id, error });
    }
    bell.ring();
  };

  const advance = (): void => {
    for (let answer = answers.shift(); answer; answer = answers.shift()) settle(schedule, work, answer);
    if (cancelled.aborted || errors.length > 0) cancelWhatHasNotStarted(schedule, work);
    for (const id of schedule.in('ready')) {
      schedule.set(id, 'checking');
      void start(id, (id) => work.check(id));
    }
    // Deciding takes milliseconds: waiting for all of it gives room in the pipeline's order, and not by luck.
    if (schedule.in('checking').length > 0) return;
    for (let id = schedule.nextToRun(); id !== undefined; id = schedule.nextToRun()) {
      schedule.set(id, 'running');
      void start(id, (id) => work.run(id));
    }
  };

  for (;;) {
    try {
      advance();
    } catch (error) {
      errors.push(error);
      continue; // which ends: each time an answer less is left, or a stage that has not started
    }
    if (schedule.busy === 0) break;
    await bell.rung();
  }
  if (errors.length > 0) throw errors[0];
  if (!schedule.finished) {
    const stuck = schedule.in('waiting').concat(schedule.in('queued')).join(', ');
    throw new Error(`Internal error: nothing to do with nothing running, yet these wait: ${stuck}`);
  }
}

/** Wakes the one who waits; a ring while nobody waits is not forgotten. */
class Bell {
  #rung = false;
  #wake = () => {};

  readonly ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  async rung(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    this.#rung = false;
  }
}

function settle(schedule: Schedule, work: Work, answer: Answer): void {
  const { id } = answer;
  if ('error' in answer) {
    move(schedule, work, id, 'failed');
    throw answer.error;
  }
  const { step } = answer;
  if ('need' in step) schedule.addNeed(id, step.need);
  if ('rebuild' in step) {
    for (const producer of step.rebuild) {
      // Another stage may have missed the same output a moment ago.
      if (schedule.state(producer) === 'done') move(schedule, work, producer, 'waiting');
    }
  }
  move(schedule, work, id, step.to);
}

/** Moves a stage, and reports those that are skipped for it. */
function move(schedule: Schedule, work: Work, id: string, to: State): void {
  for (const skipped of schedule.set(id, to)) work.skipped(skipped, id);
}

function cancelWhatHasNotStarted(schedule: Schedule, work: Work): void {
  for (const state of ['waiting', 'ready', 'queued'] as const) {
    for (const id of schedule.in(state)) {
      schedule.set(id, 'cancelled');
      work.cancelled(id);
    }
  }
}
