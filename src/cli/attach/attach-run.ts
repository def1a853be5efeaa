import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { chooseReporter } from '../../reporters/choose-reporter.ts';
import { RunState } from '../../reporters/run-state.ts';
import type { RunEvent } from '../../runner/events/run-event.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { RunPulse, SILENT_MS } from '../logs/run-pulse.ts';
import { RunTail } from '../logs/run-tail.ts';
import { existingArtifacts } from '../open/open-pipeline.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { runNamed } from '../runs/run-named.ts';
import { lockHolders, mayBeAtWork } from '../status/at-work.ts';
import { UserError } from '../user-error.ts';
import type { AttachOptions } from './attach-options.ts';

const POLL_MS = 200;
/** How many of the newest runs are searched for one that is at work. */
const LOOKED_AT = 50;

/** Shows the events of a run from the first on and as they come, until it has ended. Returns the code to exit with. */
export async function attachRun(named: string | undefined, options: AttachOptions): Promise<ExitCode> {
  const workspace = openWorkspace(existingArtifacts(undefined, options), tellCacheProblem);
  const run =
    named === undefined ? await onlyRunAtWork(workspace) : (await runNamed(named, workspace)).about.run;
  const reporter = chooseReporter(options.json ? 'json' : options.reporter, process.stdout, process.env, {
    samples: options.samples ?? false,
  });
  const left = new AbortController();
  const leave = () => left.abort();
  process.once('SIGINT', leave);
  try {
    return await follow(run, workspace, (event) => reporter.report(event), left.signal);
  } finally {
    process.off('SIGINT', leave);
    await reporter.close();
    if (left.signal.aborted) show(process.stderr, `run ${run} goes on`);
  }
}

async function follow(
  run: string,
  workspace: Workspace,
  report: (event: RunEvent) => void,
  left: AbortSignal,
): Promise<ExitCode> {
  const tail = new RunTail(join(workspace.runsDirectory, run, 'events.ndjson'));
  const pulse = new RunPulse(workspace.locksDirectory);
  const announced = new RunState();
  for (;;) {
    for (const event of tail.added()) {
      pulse.note(event);
      if (event.type === 'run-started') announced.apply(event);
      // The file may be damaged: an event of a stage that the run never announced is shown nowhere.
      if ('stage' in event && !announced.stages.has(event.stage)) continue;
      report(event);
      if (event.type === 'run-finished') return exitOf(event.outcome);
    }
    if (left.aborted) return EXIT.interrupted;
    if (await pulse.isDead()) {
      show(process.stderr, `run ${run} was ended from outside, or its machine is gone`);
      return EXIT.failed;
    }
    await setTimeout(POLL_MS, undefined, { signal: left }).catch(() => {});
  }
}

function exitOf(outcome: Extract<RunEvent, { type: 'run-finished' }>['outcome']): ExitCode {
  if (outcome === 'succeeded') return EXIT.done;
  return outcome === 'cancelled' ? EXIT.interrupted : EXIT.failed;
}

/** Throws a UserError where none or several are. */
async function onlyRunAtWork({ runsDirectory, locksDirectory }: Workspace): Promise<string> {
  const holders = await lockHolders(locksDirectory);
  const ids = (await listRuns(runsDirectory)).slice(0, LOOKED_AT);
  const found: string[] = [];
  for (const id of ids) {
    const stored = await readRun(runsDirectory, id, () => {});
    if (stored && mayBeAtWork(stored, holders, SILENT_MS)) found.push(id);
  }
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new UserError(`${found.length} runs are at work`, `name one of ${found.join(', ')}`);
  const hint =
    ids.length === 0 ? 'pipe run FILE --detach starts one' : `pipe show ${ids[0]} shows the last one`;
  throw new UserError('no run is at work', hint);
}
