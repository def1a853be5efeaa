import type { RunEvent } from '../events.ts';

/** Shows a run to somebody. A pure consumer: what it does never changes the run. */
export interface Reporter {
  report(event: RunEvent): void;
  /** Writes what is left and gives the terminal back. To be called once, whatever happened. */
  close(): Promise<void>;
}

/** Where a reporter writes: standard output, or what a test reads. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};
