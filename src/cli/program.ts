import { Command, CommanderError } from 'commander';
import { concealCredentials } from '../pipeline/resolve/url-credentials.ts';
import { visible } from '../terminal/show.ts';
import { EXIT } from './exit-code.ts';
import { surviveClosedStreams } from './run/closed-streams.ts';
import { showError } from './show-error.ts';
import { version } from './version.ts';

const EXAMPLES = `
Examples:
  pipe init                                 write a first pipeline
  pipe run pipelines/quickstart.yaml        train and judge a tiny model in a minute or two
  pipe plan pipelines/quickstart.yaml       what would run, and why
  pipe run FILE --set learning_rate=1e-4    change a parameter; only what depends on it runs again
  pipe doctor                               what this machine offers

Exit codes: 0 done, 1 a stage failed, 2 the pipeline or the arguments are wrong, 130 interrupted.`;

/** Adds a verb to the program. */
export type AddVerb = (program: Command) => void;

/** The program with these verbs. */
export function programWith(verbs: readonly AddVerb[]): Command {
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

/**
 * Runs `pipe ARGUMENTS` with the verbs there are, and sets the code to exit with; everything that was wrong has been
 * reported.
 */
export async function runProgram(
  args: readonly string[],
  verbs: Readonly<Record<string, AddVerb>>,
): Promise<void> {
  surviveClosedStreams();
  const [first = '', second] = args;
  // The other verbs are registered only for --help and for messages about unknown commands.
  const named = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  const program = programWith(named ? [named] : Object.values(verbs));
  // For `help` with an unknown verb Commander prints the whole help; the verb alone names the mistake.
  const misspelt = first === 'help' && second !== undefined && !Object.hasOwn(verbs, second);
  const toParse = misspelt ? [second] : args;
  try {
    await program.parseAsync(toParse, { from: 'user' });
  } catch (error) {
    // Commander has printed what was wrong, or the help that was asked for.
    if (!(error instanceof CommanderError)) process.exitCode = await showError(error);
    else if (error.exitCode !== 0) process.exitCode = EXIT.usage;
  }
}
