import { Argument, type Command } from 'commander';
import { show } from '../../terminal/show.ts';
import { SHELLS, type Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  pipe completion bash    the script; put this into ~/.bashrc:  eval "$(pipe completion bash)"
  pipe completion zsh     into ~/.zshrc, after compinit:  eval "$(pipe completion zsh)"
  pipe completion fish    into ~/.config/fish/config.fish:  pipe completion fish | source

Tab then completes verbs, options, files, and of the pipeline that is named: stages, outputs, inputs and parameters
(--set lear<Tab>); runs and tags too.`;

/** `pipe completion`: what a shell needs for completing the arguments of pipe, and what it then asks at each Tab. */
export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print what makes Tab complete in bash, zsh or fish')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./scripts.ts');
      show(process.stdout, completionScript(shell));
    });
  program
    .command('__complete', { hidden: true })
    .argument('<shell>')
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (shell: Shell, words: readonly string[]) => {
      const { answerShell } = await import('./answer-shell.ts');
      await answerShell(program, shell, words);
    });
}
