import type { EngineName } from '../../contract/engine-name.ts';
import type { ReporterName } from '../../reporters/choose-reporter.ts';
import type { PipelineOptions, StagesOptions } from '../open/pipeline-options.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';

/** What `pipe run` was asked for. */
export interface RunVerbOptions extends PipelineOptions, StagesOptions, RemoteVerbOptions {
  readonly jobs?: number;
  readonly engine?: EngineName | 'auto';
  readonly offline?: true;
  readonly preflight: boolean;
  readonly keepFailed?: true;
  readonly explain?: true;
  readonly dryRun?: true;
  readonly detach?: true;
  readonly json?: true;
  readonly samples?: true;
  readonly reporter: ReporterName;
}
