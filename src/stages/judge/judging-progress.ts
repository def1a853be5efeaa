import type { StageContext } from '../../contract/stage-context.ts';

/** How far a stage is: with several judges each item counts once for each of them. */
export class JudgingProgress {
  readonly #total: number;
  readonly #report: StageContext<unknown>['progress'];
  #done = 0;
  #scored = 0;
  #sum = 0;

  constructor(total: number, report: StageContext<unknown>['progress']) {
    this.#total = total;
    this.#report = report;
    this.#tell();
  }

  add(score: number | null): void {
    this.#done += 1;
    if (score !== null) {
      this.#scored += 1;
      this.#sum += score;
    }
    this.#tell();
  }

  #tell(): void {
    const mean = this.#sum / this.#scored;
    const metrics = this.#scored > 0 && { metrics: { mean_score: Number(mean.toFixed(2)) } };
    this.#report({ done: this.#done, total: this.#total, unit: 'items', ...metrics });
  }
}
