import type { RunEvent } from '../../../src/runner/events/run-event.ts';
import type { RunSummary } from '../../../src/runner/run.ts';
import type { Execution } from './direct-executor.ts';
import type { Forecast } from './staleness.ts';

/** A run that has ended, with what the model says that it should have been. */
export interface ObservedRun {
  readonly forecast: Forecast;
  readonly events: readonly RunEvent[];
  readonly outcome: RunSummary['outcome'];
  readonly executions: readonly Execution[];
  readonly isInterrupted: boolean;
}

/** Last outcome of each stage. */
export function outcomesOf(events: readonly RunEvent[]): Map<string, string> {
  return new Map(
    events.flatMap((event) => (event.type === 'stage-finished' ? [[event.stage, event.outcome]] : [])),
  );
}
