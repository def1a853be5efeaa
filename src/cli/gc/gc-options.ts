import type { PipelineOptions } from '../open/pipeline-options.ts';

/** What `pipe gc` was asked for. */
export interface GcOptions extends Pick<PipelineOptions, 'artifacts'> {
  readonly runs: number;
  /** Milliseconds. */
  readonly age: number;
  /** Bytes. */
  readonly size?: number;
  readonly dryRun?: true;
  readonly json?: true;
}
