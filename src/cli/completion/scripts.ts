import { resolve } from 'node:path';
import type { Shell } from './shell.ts';

/**
 * The script that a shell runs once: it makes the shell ask `pipe __complete` at each Tab. It names the program by its path, so that
 * it works where pipe is an alias, too.
 */
export function completionScript(shell: Shell): string {
  const program = [process.execPath, resolve(process.argv[1]!)].map(
    (word) => `'${word.replaceAll("'", QUOTE[shell])}'`,
  );
  return SCRIPTS[shell].replace('PIPE', () => program.join(' ')).trim();
}

/** A quote inside of quotes. */
const QUOTE: Readonly<Record<Shell, string>> = { bash: `'\\''`, zsh: `'\\''`, fish: `\\'` };

const SCRIPTS: Readonly<Record<Shell, string>> = {
  // Spaces behind words come with the words: readline would put one behind \`learning_rate=\` and folders, too.
  bash: `
_pipe_complete() {
  mapfile -t COMPREPLY < <(PIPE __complete bash -- "$COMP_POINT" "$COMP_LINE" "\${COMP_WORDS[COMP_CWORD]}" 2>/dev/null)
}
# Variants are written train@learning_rate=0.001, which is one word.
COMP_WORDBREAKS=\${COMP_WORDBREAKS//@/}
complete -o nospace -F _pipe_complete pipe
`,
  zsh: `
#compdef pipe
_pipe_complete() {
  local line value
  local -a closed closed_about open open_about
  for line in "\${(@f)$(PIPE __complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    value=\${line%%$'\\t'*}
    case $line in
      *$'\\t'open$'\\t'*) open+=("$value"); open_about+=("$value\${line##*$'\\t'}") ;;
      *$'\\t'*) closed+=("$value"); closed_about+=("$value\${line##*$'\\t'}") ;;
    esac
  done
  (( $#closed )) && compadd -l -d closed_about -a closed
  (( $#open )) && compadd -S '' -l -d open_about -a open
}
compdef _pipe_complete pipe
`,
  fish: `
function __pipe_complete
  PIPE __complete fish -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c pipe -f -a '(__pipe_complete)'
`,
};
