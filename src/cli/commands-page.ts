import type { Argument, Command, Option } from 'commander';

/** The reference of all verbs as Markdown, from what they declare: arguments, options, and the examples of their help. */
export function commandsPage(program: Command): string {
  const verbs = program.commands.filter((command) => !command.name().startsWith('_'));
  const parts = [
    '# Commands',
    '<!-- Written by scripts/generate-reference.mjs from the declarations in src/cli. -->',
    'Exit codes: 0 done, 1 a stage failed, 2 the pipeline or the arguments are wrong, 130 interrupted. `pipe VERB --help` shows the same.',
    table(
      ['verb', ''],
      verbs.map((verb) => [`[${verb.name()}](#pipe-${verb.name()})`, verb.description()]),
    ),
    ...verbs.flatMap(section),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section(verb: Command): readonly string[] {
  const rows = [...verb.registeredArguments.map(argumentRow), ...verb.options.map(optionRow)];
  const head = [
    `## pipe ${verb.name()}`,
    `${sentence(verb.description())}: \`pipe ${verb.name()} ${verb.usage()}\``,
  ];
  const after = helpAfter(verb);
  return [
    ...head,
    ...(rows.length === 0 ? [] : [table(['', '', 'default'], rows)]),
    `\`\`\`text\n${after}\n\`\`\``,
  ];
}

function argumentRow(argument: Argument): readonly string[] {
  return [code(argument.name()), argument.description, defaultText(argument.defaultValue)];
}

function optionRow({
  flags,
  description,
  argChoices,
  defaultValue,
  defaultValueDescription,
}: Option): readonly string[] {
  const choices = argChoices === undefined ? '' : `: ${argChoices.map(code).join(', ')}`;
  return [code(flags), description + choices, defaultValueDescription ?? defaultText(defaultValue)];
}

/** What the help says behind arguments and options: examples, and a word more. */
function helpAfter(verb: Command): string {
  let help = '';
  verb.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  verb.outputHelp();
  return help.slice(help.indexOf('Examples:')).trim();
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function defaultText(value: unknown): string {
  const isNothing =
    value === undefined || (Array.isArray(value) && value.length === 0) || typeof value === 'boolean';
  return isNothing ? '' : code(String(value));
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
