import type { PipelineOptions } from '../open/pipeline-options.ts';
import type { Format } from './format-names.ts';

/** What `pipe compare` was asked for. */
export interface CompareVerbOptions extends PipelineOptions {
  readonly format: Format;
  readonly json?: true;
  readonly metric?: string;
  readonly baseline?: string;
  readonly failIfWorse?: true;
  readonly by?: number;
  readonly errorRate?: number;
}
