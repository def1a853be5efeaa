import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type AttemptFiles, attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import type { StageResult } from '../../../contract/attempt/result.ts';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import { Absence } from '../absence.ts';
import { attemptEvents, FROM_AFAR } from '../attempt-events.ts';
import { cancelled, displaced, readResult } from '../attempt-result.ts';
import { EventQueue } from '../event-queue.ts';
import type { AttemptHandle, AttemptResult } from '../executor.ts';
import { preventStart } from '../job-script.ts';
import { type EndedJob, endWithoutResult, outOfMemory } from './job-end.ts';
import { phaseOf } from './job-state.ts';
import type { Sighting } from './queue.ts';
import type { SlurmLink } from './slurm-link.ts';
import type { Task } from './task.ts';

/** How often the result of an attempt that runs is looked for: a twentieth of its age, within these limits. */
const SOONEST_LOOK_MS = 500;
const LATEST_LOOK_MS = 15_000;
const AGE_SHARE = 20;
/** For so long a file system of the network may hide a result that another machine has written. */
const LATE_RESULT_MS = 5000;
/** For so long a failure waits for what Slurm says of it. */
const LATE_REASON_MS = 10_000;
/** From one try to cancel a job to the next, and for how long it is tried while nobody answers. */
const CANCEL_AGAIN_MS = 5000;
const UNREACHED_MS = 20_000;

/** What an attempt is, before its job has a name. */
export type AttemptAbout = Pick<EndedJob, 'attemptDirectory' | 'log' | 'stage'>;

/** How the queue says that a job is over. */
type QueueEnd =
  | { readonly how: 'ended'; readonly seen: Sighting }
  | { readonly how: 'requeued'; readonly seen: Sighting }
  | { readonly how: 'lost' }
  | { readonly how: 'gone' };

/**
 * An attempt in Slurm. The truth is `result.json`; the queue only says when to look, and why there is none.
 */
export class SlurmAttempt implements AttemptHandle {
  readonly events: AsyncIterable<StageEvent>;
  readonly done: Promise<AttemptResult>;
  readonly #slurm: SlurmLink;
  readonly #about: AttemptAbout;
  readonly #files: AttemptFiles;
  readonly #queued = new EventQueue<StageEvent>();
  #runsSince: number | undefined;
  #job: string | undefined;
  #place = '';
  #isWithdrawn = false;
  #isOver = false;
  /** It was asked to stop, or to end. */
  #isAsked = false;
  #stop: (result: AttemptResult) => void = () => {};
  #begin: () => void = () => {};

  /** `task`: hands the attempt in, or knows under which name it was. */
  constructor(slurm: SlurmLink, about: AttemptAbout, task: (attempt: SlurmAttempt) => Promise<Task>) {
    this.#slurm = slurm;
    this.#about = about;
    this.#files = attemptFiles(about.attemptDirectory);
    const stopped = new Promise<AttemptResult>((stop) => {
      this.#stop = stop;
    });
    const begun = new Promise<void>((begin) => {
      this.#begin = begin;
    });
    this.done = Promise.race([this.#follow(task), stopped]).finally(() => {
      this.#isOver = true;
    });
    this.events = this.#queued;
    const ended = this.done.catch(() => {});
    void this.#relay(Promise.race([begun, ended]), ended);
  }

  get isWithdrawn(): boolean {
    return this.#isWithdrawn;
  }

  /** Says where the attempt is, as far as that is new. */
  tell(message: string, waits = this.#runsSince === undefined): void {
    if (message === this.#place || this.#isOver) return;
    this.#place = message;
    this.#queued.put({ time: Date.now(), type: 'place', waits, message });
  }

  cancel(): void {
    this.#isAsked = true;
    if (this.#withdraw()) return;
    try {
      writeFileSync(this.#files.cancel, '');
    } catch {
      this.kill();
    }
  }

  kill(): void {
    this.#isAsked = true;
    if (!this.#withdraw()) void this.#end();
  }

  /** Ends an attempt that has not begun: from now on it never will, whatever the queue does. */
  #withdraw(): boolean {
    if (this.#isOver || this.#isWithdrawn) return true;
    try {
      if (!preventStart(this.#about.attemptDirectory)) return false;
    } catch {
      return false; // nothing can be written there
    }
    this.#isWithdrawn = true;
    if (this.#job !== undefined) void this.#slurm.cancellations.cancel(this.#job).catch(() => {});
    this.#stop(cancelled());
    return true;
  }

  /** Has Slurm end it, until that is done. Where nobody answers, it is left. */
  async #end(): Promise<void> {
    const giveUp = Date.now() + UNREACHED_MS;
    while (!this.#isOver) {
      const said = this.#job === undefined ? undefined : await this.#slurm.cancellations.cancel(this.#job);
      if (said?.status !== 'ok' && Date.now() > giveUp) {
        rmSync(this.#files.cancel, { force: true });
        const message = `job ${this.#job ?? ''} could not be cancelled: ${said?.message ?? 'its number is not known'}`;
        const hint = 'It may go on. The same command finds it again; `scancel` ends it.';
        this.#stop({ status: 'left', error: { message, hint } });
      }
      await delay(CANCEL_AGAIN_MS);
    }
  }

  async #relay(begun: Promise<unknown>, ended: Promise<unknown>): Promise<void> {
    await begun;
    try {
      for await (const event of attemptEvents(this.#files.events, ended, FROM_AFAR)) this.#queued.put(event);
    } catch {
      // Its folder is gone, and with it the result, which says so.
    } finally {
      await ended;
      this.#queued.close();
    }
  }

  async #follow(handedIn: (attempt: SlurmAttempt) => Promise<Task>): Promise<AttemptResult> {
    const task = await handedIn(this);
    this.#job = task.job;
    if (this.#isWithdrawn && task.job !== undefined) await this.#slurm.cancellations.cancel(task.job);
    const over = this.#watchQueue(task);
    const result = await this.#resultOnce(over);
    if (result?.status === 'failed' && !this.#isAsked)
      return await Promise.race([
        this.#explainFailure(task, result),
        delay(LATE_REASON_MS, result, { ref: false }),
      ]);
    const isOurs = result?.status !== 'cancelled' || this.#isAsked;
    // Slurm asks a stage to stop, too, before it takes the machine away.
    return result !== undefined && isOurs ? result : await this.#explain(await over);
  }

  /** A program that was ended for its memory does not know that, and neither does the stage that called it. Slurm does. */
  async #explainFailure(
    task: Task,
    result: Extract<StageResult, { status: 'failed' }>,
  ): Promise<StageResult> {
    while (!this.#isOver) {
      const seen = await this.#slurm.queue.ask(task, 'soon');
      if (seen === 'silent' || seen === 'absent') break;
      if (seen.state === 'OUT_OF_MEMORY')
        return outOfMemory(
          { ...this.#about, job: seen.job, profile: this.#slurm.profile },
          result.error.message,
        );
      if (phaseOf(seen.state) === 'ended') break;
      await delay(SOONEST_LOOK_MS);
    }
    return result;
  }

  /** The result, as soon as it is there; undefined where the job is over without one. */
  async #resultOnce(over: Promise<unknown>): Promise<StageResult | undefined> {
    let lastLook = Number.POSITIVE_INFINITY;
    void over.then(() => {
      lastLook = Date.now() + LATE_RESULT_MS;
    });
    while (!this.#isOver) {
      const result = await readResult(this.#about.attemptDirectory);
      if (result !== undefined || Date.now() > lastLook) return result;
      const soon = delay(this.#lookAgainMs());
      await (lastLook === Number.POSITIVE_INFINITY ? Promise.race([soon, over]) : soon);
    }
    return undefined;
  }

  #lookAgainMs(): number {
    if (this.#runsSince === undefined) return SOONEST_LOOK_MS * 4; // squeue comes first
    const age = Date.now() - this.#runsSince;
    return Math.min(Math.max(age / AGE_SHARE, SOONEST_LOOK_MS), LATEST_LOOK_MS);
  }

  /** Until the queue says that the job is over. */
  async #watchQueue(task: Task): Promise<QueueEnd> {
    const absence = new Absence();
    while (!this.#isOver) {
      const hadBegun = existsSync(this.#files.started);
      const seen = await this.#slurm.queue.ask(task);
      if (seen === 'silent') continue;
      if (seen !== 'absent') {
        absence.end();
        this.#job = seen.job;
        const phase = phaseOf(seen.state);
        if (phase === 'ended') return { how: 'ended', seen };
        // The folder was there before squeue was run: what waits now has run once, and does no work a second time.
        if (phase === 'waits' && hadBegun) return { how: 'requeued', seen };
        this.#tellPlace(seen);
      } else if (absence.isForGood()) {
        return { how: preventStart(this.#about.attemptDirectory) ? 'lost' : 'gone' };
      }
    }
    return { how: 'lost' };
  }

  #tellPlace({ job, state, reason, node }: Sighting): void {
    if (phaseOf(state) === 'waits') {
      const why = reason === 'None' ? '' : ` (${reason})`;
      this.tell(`job ${job} waits in the queue of Slurm${why}`, true);
      return;
    }
    if (this.#runsSince === undefined) {
      this.#runsSince = Date.now();
      this.#begin();
    }
    this.tell(
      state === 'SUSPENDED' ? `job ${job} is suspended on ${node}` : `job ${job} runs on ${node}`,
      false,
    );
  }

  async #explain(over: QueueEnd): Promise<AttemptResult> {
    const { records, cancellations, profile, program } = this.#slurm;
    const job = this.#job ?? '';
    if (over.how === 'lost') return displaced({ message: `Slurm has lost job ${job} before it began` });
    if (over.how === 'requeued') {
      await cancellations.cancel(job);
      return displaced({ message: `job ${job} was taken from its machine and put back into the queue` });
    }
    const ended = { ...this.#about, job, host: program.host, profile };
    const facts = job === '' ? undefined : await records.of(job);
    return await endWithoutResult({
      ...ended,
      state: over.how === 'ended' ? over.seen.state : 'UNKNOWN',
      facts,
    });
  }
}
