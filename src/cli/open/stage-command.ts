import type { Frozen } from '../../runner/plan/decide.ts';
import { typedCommand } from '../typed-command.ts';
import type { PipelineOptions } from './pipeline-options.ts';

/** The command that runs a stage where, and with the parameters with which, it was looked at. */
export function stageCommand(
  file: string,
  option: '--only' | '--force',
  stage: string,
  { artifacts, set }: Pick<PipelineOptions, 'artifacts' | 'set'>,
): string {
  const where = artifacts === undefined ? [] : ['--artifacts', artifacts];
  const overrides = set.flatMap((text) => ['--set', text]);
  return typedCommand(['run', file, option, stage, ...where, ...overrides]);
}

/** `--frozen` as planning takes it. */
export function frozenOf(file: string, options: PipelineOptions): { readonly frozen?: Frozen } {
  if (!options.frozen) return {};
  return { frozen: { command: (stage) => stageCommand(file, '--only', stage, options) } };
}
