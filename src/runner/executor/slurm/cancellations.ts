import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, askSlurm } from './client.ts';

const GATHER_MS = 30;
/** With the controller away scancel takes 9 s for each job. */
const LIMIT_MS = 12_000;
const JOBS_AT_ONCE = 500;

/** Cancels jobs, many at a time. */
export class Cancellations {
  readonly #jobs = new Set<string>();
  #next: Promise<Answer> | undefined;
  readonly #underWay = new Set<Promise<Answer>>();

  /** Asks Slurm to end a job; it takes a while until it has. */
  async cancel(job: string): Promise<Answer> {
    this.#jobs.add(job);
    if (this.#next === undefined) {
      const next = this.#cancelTogether();
      this.#next = next;
      this.#underWay.add(next);
      void next.finally(() => this.#underWay.delete(next)).catch(() => {});
    }
    return await this.#next;
  }

  /** Until all that was asked for has been said. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #cancelTogether(): Promise<Answer> {
    await delay(GATHER_MS);
    const jobs = [...this.#jobs];
    this.#jobs.clear();
    this.#next = undefined;
    let answer: Answer = { status: 'ok', output: '' };
    for (let first = 0; first < jobs.length && answer.status !== 'silent'; first += JOBS_AT_ONCE) {
      const some = jobs.slice(first, first + JOBS_AT_ONCE);
      answer = await askSlurm('scancel', some, { limitMs: LIMIT_MS });
    }
    return answer;
  }
}
