import type { PipelineOptions } from '../open/pipeline-options.ts';

/** What `pipe bundle` was asked for. */
export interface BundleVerbOptions extends PipelineOptions {
  /** Ids or names of the stages that are to run elsewhere. */
  readonly for: readonly string[];
}
