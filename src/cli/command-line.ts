import { attachCommand } from './attach/attach.ts';
import { bundleCommand } from './bundle/bundle.ts';
import { unbundleCommand } from './bundle/unbundle.ts';
import { compareCommand } from './compare/compare.ts';
import { completionCommand } from './completion/completion.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { duCommand } from './du/du.ts';
import { exportRunsCommand } from './export-runs/export-runs.ts';
import { gcCommand } from './gc/gc.ts';
import { graphCommand } from './graph/graph.ts';
import { initCommand } from './init/init.ts';
import { invalidateCommand } from './invalidate/invalidate.ts';
import { logsCommand } from './logs/logs.ts';
import { catCommand } from './outputs/cat.ts';
import { getCommand } from './outputs/get.ts';
import { openCommand } from './pages/open.ts';
import { pinCommand } from './pin/pin.ts';
import { planCommand } from './plan/plan.ts';
import { runProgram } from './program.ts';
import { pullCommand } from './remote/pull.ts';
import { pushCommand } from './remote/push.ts';
import { trustCommand } from './remote/trust.ts';
import { runCommand } from './run/run.ts';
import { diffCommand } from './runs/diff.ts';
import { runsCommand } from './runs/runs.ts';
import { showCommand } from './runs/show.ts';
import { tagCommand } from './runs/tag.ts';
import { statusCommand } from './status/status.ts';
import { validateCommand } from './validate/validate.ts';
import { verifyCommand } from './verify/verify.ts';
import { watchCommand } from './watch/watch.ts';
import { whyCommand } from './why/why.ts';

/** Every verb; each is a file of its own that loads what it needs when it is used. */
export const VERBS = {
  init: initCommand,
  run: runCommand,
  attach: attachCommand,
  watch: watchCommand,
  plan: planCommand,
  why: whyCommand,
  validate: validateCommand,
  invalidate: invalidateCommand,
  graph: graphCommand,
  status: statusCommand,
  logs: logsCommand,
  runs: runsCommand,
  show: showCommand,
  diff: diffCommand,
  tag: tagCommand,
  compare: compareCommand,
  'export-runs': exportRunsCommand,
  open: openCommand,
  doctor: doctorCommand,
  cat: catCommand,
  get: getCommand,
  bundle: bundleCommand,
  unbundle: unbundleCommand,
  gc: gcCommand,
  du: duCommand,
  verify: verifyCommand,
  pin: pinCommand,
  push: pushCommand,
  pull: pullCommand,
  trust: trustCommand,
  completion: completionCommand,
};

/** Runs `pipe ARGUMENTS` and sets the code to exit with. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  await runProgram(args, VERBS);
}
