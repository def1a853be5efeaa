import { availableParallelism } from 'node:os';
import type { EngineName } from '../../contract/engine-name.ts';
import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { RemoteExecutor, RunCache } from '../../runner/executor/executor.ts';
import { LocalExecutor } from '../../runner/executor/local-executor.ts';
import { type RunSummary, runPipeline } from '../../runner/run.ts';
import type { RunOptions } from '../../runner/run-options.ts';
import { RunControl } from '../../runner/schedule/run-control.ts';
import { packagePath } from '../package-path.ts';
import { typedCommand } from '../typed-command.ts';
import { version } from '../version.ts';

const HOST_FILE = packagePath('dist', 'stage-host.cjs');

/** What a verb decides about a run; the rest is what this process and machine are. */
export type OwnRunOptions = Omit<
  RunOptions,
  'jobs' | 'environment' | 'executor' | 'openExecutor' | 'control' | 'argv' | 'next' | 'versions'
> & {
  readonly jobs?: number;
};

/** Runs a pipeline on this machine. Ctrl-C, or a terminal that closes, cancels it; a second Ctrl-C stops at once. */
export async function runInterruptibly(pipeline: Pipeline, options: OwnRunOptions): Promise<RunSummary> {
  const argv = process.argv.slice(2);
  const control = new RunControl();
  const interrupt = () => control.interrupt();
  // A terminal that closes sends it once or twice: stages may write their checkpoints all the same.
  const hangUp = () => void (control.cancelled.aborted || control.interrupt());
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', hangUp);
  try {
    return await runPipeline(pipeline, {
      ...options,
      jobs: options.jobs ?? availableParallelism(),
      environment: process.env,
      executor: new LocalExecutor(HOST_FILE, chooseEngine),
      openExecutor,
      control,
      argv,
      next: typedCommand(argv),
      versions: { pipe: version, node: process.versions.node },
    });
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt).off('SIGHUP', hangUp);
  }
}

/** Only a run that computes something loads what chooses its engine, and with it all engines' declarations. */
async function chooseEngine(requested: EngineName | 'auto') {
  const engines = await import('../../engine/choose-engine.ts');
  return await engines.chooseEngine(requested);
}

/** Only a run that hands something in to other machines loads what speaks to them. */
async function openExecutor(profile: RemoteProfile, cache: RunCache): Promise<RemoteExecutor> {
  const executors = await import('../../runner/executor/open-executor.ts');
  return await executors.openExecutor(profile, cache, HOST_FILE);
}
