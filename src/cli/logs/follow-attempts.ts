import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { firstLine } from '../../reporters/event-lines.ts';
import type { Outcome, RunEvent } from '../../runner/events/run-event.ts';
import type { Workspace } from '../../runner/workspace.ts';
import { duration } from '../../terminal/units.ts';
import { aboutAttempt } from './about-attempt.ts';
import { FileTail } from './file-tail.ts';
import { type LoggedAttempt, loggedAttempt } from './find-attempt.ts';
import type { LogPrinter } from './log-printer.ts';
import { RunPulse } from './run-pulse.ts';
import { RunTail } from './run-tail.ts';

const POLL_MS = 200;

/**
 * Prints the log of a stage in a run from its last attempt on, and of those that follow, until the stage or the run has ended,
 * or was killed. `tell` gets what is said besides. Returns how the stage has ended, if it has.
 */
export async function followAttempts(
  { run, stage }: Pick<LoggedAttempt, 'run' | 'stage'>,
  workspace: Workspace,
  printer: LogPrinter,
  tell: (text: string) => void,
): Promise<Outcome | undefined> {
  const progress = new StageProgress(run, stage, workspace);
  let log: FileTail | undefined;
  const printAdded = async () => {
    for (const bytes of log?.added() ?? []) await printer.print(bytes);
  };
  for (;;) {
    const { attempt, ending } = await progress.look();
    if (attempt !== undefined) {
      await printAdded();
      await printer.end();
      tell(aboutAttempt(attempt));
      log = new FileTail(attempt.log);
    }
    await printAdded();
    if (ending !== undefined) {
      await printer.end();
      tell(ending.text);
      return ending.outcome;
    }
    await setTimeout(POLL_MS);
  }
}

/** How a stage has ended; without an outcome the run has ended before. */
interface Ending {
  readonly text: string;
  readonly outcome?: Outcome;
}

/** What becomes of a stage of a run that is at work. */
class StageProgress {
  readonly #run: string;
  readonly #stage: string;
  readonly #workspace: Workspace;
  readonly #events: RunTail;
  readonly #pulse: RunPulse;

  constructor(run: string, stage: string, workspace: Workspace) {
    this.#run = run;
    this.#stage = stage;
    this.#workspace = workspace;
    this.#pulse = new RunPulse(workspace.locksDirectory);
    this.#events = new RunTail(join(workspace.runsDirectory, run, 'events.ndjson'));
  }

  /** The attempt that has started since the last look, and how the stage has ended, if it has. */
  async look(): Promise<{ readonly attempt?: LoggedAttempt; readonly ending?: Ending }> {
    let attempt: LoggedAttempt | undefined;
    let ending: Ending | undefined;
    for (const event of this.#events.added()) {
      this.#pulse.note(event);
      if (event.type === 'run-finished') ending ??= { text: `the run has ended before ${this.#stage} began` };
      if (!('stage' in event) || event.stage !== this.#stage) continue;
      if (event.type === 'stage-finished') ending = endingOf(event);
      if (event.type !== 'stage-started') continue;
      attempt = loggedAttempt(event, this.#run, this.#workspace.runsDirectory);
      ending = undefined;
    }
    if (ending === undefined && (await this.#pulse.isDead()))
      ending = { text: `run ${this.#run} was ended from outside` };
    return { ...(attempt && { attempt }), ...(ending !== undefined && { ending }) };
  }
}

function endingOf({
  stage,
  outcome,
  duration_ms,
  reason,
}: Extract<RunEvent, { type: 'stage-finished' }>): Ending {
  if (outcome === 'ran') return { outcome, text: `${stage} ended after ${duration(duration_ms)}` };
  return { outcome, text: `${stage} ended: ${outcome}, ${firstLine(reason.message)}` };
}
