import type { PipelineOptions } from '../open/pipeline-options.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';

/** What `pipe bundle` was asked for. */
export interface BundleVerbOptions extends PipelineOptions, RemoteVerbOptions {
  /** Ids or names of the stages that are to run elsewhere. */
  readonly for: readonly string[];
}
