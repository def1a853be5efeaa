import type { ReporterName } from '../../reporters/choose-reporter.ts';

/** How a run is watched. */
export interface AttachOptions {
  readonly artifacts?: string;
  readonly reporter: ReporterName;
  readonly json?: true;
  readonly samples?: true;
}
