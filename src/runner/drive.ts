import type { Schedule } from './schedule.ts';

/** What came of deciding about a stage, or of running it. */
export type Step =
  | { readonly to: 'done' | 'failed' | 'cancelled' }
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
  /** Told of each stage that ends without having been started. */
  ended(id: string, state: 'skipped' | 'cancelled', because: string | undefined): void;
}

/**
 * Takes every stage of a schedule to its end: decides about those that are ready, starts those for which there is
 * room, waits for one of them, and again. When `cancelled` is aborted nothing more is started; what runs is waited
 * for. Rejects with the first error that `check` or `run` threw, after everything that was started has settled.
 */
export async function drive(schedule: Schedule, work: Work, cancelled: AbortSignal): Promise<void> {
  const pending = new Map<string, Promise<void>>();
  const errors: unknown[] = [];
  const start = (id: string, doing: Promise<Step>): void => {
    const settled = doing
      .then((step) => settle(schedule, work, id, step))
      .catch((error: unknown) => void errors.push(error))
      .then(() => void pending.delete(id));
    pending.set(id, settled);
  };

  const startWhatHasRoom = (): void => {
    for (let id = schedule.nextToRun(); id !== undefined; id = schedule.nextToRun()) {
      schedule.set(id, 'running');
      start(id, work.run(id));
    }
  };

  const interrupted = new Promise<void>((interrupt) => {
    cancelled.addEventListener('abort', () => interrupt(), { once: true });
  });
  for (;;) {
    if (cancelled.aborted || errors.length > 0) cancelWhatHasNotStarted(schedule, work);
    for (const id of schedule.in('ready')) {
      schedule.set(id, 'checking');
      start(id, work.check(id));
    }
    // Deciding takes milliseconds: waiting for all of it gives room in the pipeline's order, and not by luck.
    if (schedule.in('checking').length === 0) startWhatHasRoom();
    if (pending.size === 0) break;
    // What only waits for its turn learns of an interrupt at once, and not when something that runs has ended.
    await Promise.race(cancelled.aborted ? pending.values() : [...pending.values(), interrupted]);
  }
  if (errors.length > 0) throw errors[0];
  if (!schedule.finished) {
    const stuck = schedule.in('waiting').concat(schedule.in('queued')).join(', ');
    throw new Error(`Internal error: nothing to do with nothing running, yet these wait: ${stuck}`);
  }
}

function settle(schedule: Schedule, work: Work, id: string, step: Step): void {
  if ('need' in step) schedule.addNeed(id, step.need);
  if ('rebuild' in step) {
    for (const producer of step.rebuild) {
      // Another stage may have missed the same output a moment ago.
      if (schedule.state(producer) === 'done')
        tellEnded(schedule, work, schedule.set(producer, 'waiting'), producer);
    }
  }
  tellEnded(schedule, work, schedule.set(id, step.to), id);
}

function cancelWhatHasNotStarted(schedule: Schedule, work: Work): void {
  for (const state of ['waiting', 'ready', 'queued'] as const) {
    for (const id of schedule.in(state)) {
      if (schedule.state(id) !== state) continue; // went along with one before it
      tellEnded(schedule, work, [id, ...schedule.set(id, 'cancelled')], undefined);
    }
  }
}

function tellEnded(
  schedule: Schedule,
  work: Work,
  ids: readonly string[],
  because: string | undefined,
): void {
  for (const id of ids) work.ended(id, schedule.state(id) === 'skipped' ? 'skipped' : 'cancelled', because);
}
