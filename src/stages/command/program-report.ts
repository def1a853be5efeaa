import { writeFile } from 'node:fs/promises';
import type { DeclaredMetrics } from '../../contract/metric.ts';
import { MetricCollector } from '../../contract/own-metrics/metric-collector.ts';
import { metricsFileText } from '../../contract/own-metrics/metrics-file.ts';
import type { StageContext } from '../../contract/stage-context.ts';
import type { ProgramEvent } from './program-event.ts';

/** Warnings that are kept with the result; of more, their number. */
const MOST_WARNINGS = 50;

type Told = Pick<StageContext<unknown>, 'progress' | 'log' | 'warn' | 'warnOfResult' | 'metric'>;

/** Passes on what a program says, and keeps what it measured. */
export class ProgramReport {
  readonly #told: Told;
  readonly #collector: MetricCollector;
  #warnings = 0;

  constructor(told: Told, declared: DeclaredMetrics) {
    this.#told = told;
    this.#collector = new MetricCollector(declared);
  }

  /** Throws a MetricProblem. */
  handle(event: ProgramEvent): void {
    const { progress, log, warn, warnOfResult, metric } = this.#told;
    switch (event.type) {
      case 'progress': {
        const { type: _, ...told } = event;
        progress(told);
        break;
      }
      case 'log':
        log(event.message);
        break;
      case 'warning':
        this.#warnings++;
        (this.#warnings > MOST_WARNINGS ? warn : warnOfResult)(event.message, event.hint);
        break;
      case 'metric':
        this.#collector.add(event);
        if (event.item === undefined && event.value !== null) metric(event.name, event.value);
    }
  }

  /** Writes what was measured to `metricsFile`, if there is one. Throws a StageError for a metric that is missing. */
  async finish(metricsFile: string | undefined): Promise<void> {
    const more = this.#warnings - MOST_WARNINGS;
    if (more > 0) this.#told.warnOfResult(`The command gave ${more} more warnings; they are in its log.`);
    const measured = this.#collector.measured();
    for (const { name, value, items } of measured)
      if (items !== undefined && value !== null) this.#told.metric(name, value);
    if (metricsFile !== undefined) await writeFile(metricsFile, metricsFileText(measured));
  }
}
