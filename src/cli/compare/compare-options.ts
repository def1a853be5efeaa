import type { PipelineOptions } from '../open/pipeline-options.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';
import type { Format } from './format-names.ts';

/** What `pipe compare` was asked for. */
export interface CompareVerbOptions extends PipelineOptions, RemoteVerbOptions {
  readonly format: Format;
  readonly json?: true;
  readonly metric?: string;
  readonly baseline?: string;
  readonly failIfWorse?: true;
  readonly by?: number;
  readonly errorRate?: number;
}
