import type { RunEvent } from '../runner/events/run-event.ts';

/** Shows a run to somebody. A pure consumer: what it does never changes the run. */
export interface Reporter {
  report(event: RunEvent): void;
  /** Writes what is left and gives the terminal back. To be called once, whatever happened. */
  close(): Promise<void>;
}
