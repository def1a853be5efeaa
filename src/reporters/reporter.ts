import type { RunEvent } from '../runner/events/run-event.ts';
import type { PlaceOf } from './annotation.ts';

/** Shows a run to somebody. A pure consumer: what it does never changes the run. */
export interface Reporter {
  report(event: RunEvent): void;
  /** Writes what is left and gives the terminal back. To be called once, whatever happened. */
  close(): Promise<void>;
}

export interface ReporterOptions {
  /** Where a stage is declared, for annotations. */
  readonly placeOf?: PlaceOf;
  /** The texts that a model generates while it is trained are shown; they are in the stage's log in any case. */
  readonly samples?: boolean;
}
