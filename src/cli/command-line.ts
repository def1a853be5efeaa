import { Command, CommanderError } from 'commander';
import { concealCredentials } from '../pipeline/resolve/url-credentials.ts';
import { visible } from '../terminal/show.ts';
import { bundleCommand } from './bundle/bundle.ts';
import { unbundleCommand } from './bundle/unbundle.ts';
import { compareCommand } from './compare/compare.ts';
import { completionCommand } from './completion/completion.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { duCommand } from './du/du.ts';
import { EXIT } from './exit-code.ts';
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
import { pullCommand } from './remote/pull.ts';
import { pushCommand } from './remote/push.ts';
import { trustCommand } from './remote/trust.ts';
import { surviveClosedStreams } from './run/closed-streams.ts';
import { runCommand } from './run/run.ts';
import { diffCommand } from './runs/diff.ts';
import { runsCommand } from './runs/runs.ts';
import { showCommand } from './runs/show.ts';
import { tagCommand } from './runs/tag.ts';
import { showError } from './show-error.ts';
import { statusCommand } from './status/status.ts';
import { validateCommand } from './validate/validate.ts';
import { verifyCommand } from './verify/verify.ts';
import { version } from './version.ts';
import { watchCommand } from './watch/watch.ts';
import { whyCommand } from './why/why.ts';

const EXAMPLES = `
Examples:
  pipe init                                 write a first pipeline
  pipe run pipelines/quickstart.yaml        train and judge a tiny model in a minute or two
  pipe plan pipelines/quickstart.yaml       what would run, and why
  pipe run FILE --set learning_rate=1e-4    change a parameter; only what depends on it runs again
  pipe doctor                               what this machine offers

Exit codes: 0 done, 1 a stage failed, 2 the pipeline or the arguments are wrong, 130 interrupted.`;

/** Every verb; each is a file of its own that loads what it needs when it is used. */
const VERBS = {
  init: initCommand,
  run: runCommand,
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

/** The program with these verbs, by default all. */
export function programWith(verbs: readonly ((program: Command) => void)[] = Object.values(VERBS)): Command {
  const program = new Command('pipe')
    .description(
      'Runs machine-learning pipelines that are declared in YAML; every result is cached by content.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [verb]', 'print the help of a verb')
    .addHelpText('after', EXAMPLES)
    .configureOutput({
      writeOut: (text) => process.stdout.write(visible(text)),
      writeErr: (text) => process.stderr.write(visible(concealCredentials(text))),
    })
    .exitOverride();
  for (const addVerb of verbs) addVerb(program);
  return program;
}

/** Runs `pipe ARGUMENTS` and sets the code to exit with; everything that was wrong has been reported. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  surviveClosedStreams();
  const [first = '', second] = args;
  // The other verbs are registered only for --help and for messages about unknown commands.
  const program = programWith(Object.hasOwn(VERBS, first) ? [VERBS[first as keyof typeof VERBS]] : undefined);
  // For `help` with an unknown verb Commander prints the whole help; the verb alone names the mistake.
  const misspelt = first === 'help' && second !== undefined && !Object.hasOwn(VERBS, second);
  const toParse = misspelt ? [second] : args;
  try {
    await program.parseAsync(toParse, { from: 'user' });
  } catch (error) {
    // Commander has printed what was wrong, or the help that was asked for.
    if (!(error instanceof CommanderError)) process.exitCode = await showError(error);
    else if (error.exitCode !== 0) process.exitCode = EXIT.usage;
  }
}
