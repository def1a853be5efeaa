import type { PipelineOptions } from '../open/pipeline-options.ts';

/** Programs and files that runs can be exported for. */
export const TRACKERS = ['tensorboard', 'mlflow', 'csv', 'json'] as const;

export interface ExportOptions extends Pick<PipelineOptions, 'artifacts'> {
  readonly format: (typeof TRACKERS)[number];
  /** A folder, or the address of a server. */
  readonly to: string;
  readonly follow?: true;
}
