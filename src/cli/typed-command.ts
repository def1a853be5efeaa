import { basename, delimiter, dirname, relative, sep } from 'node:path';
import { commandText, shellWord } from '../contract/command-text.ts';

/** What tells how pipe was started: the program's path as it was given, and the environment. */
export interface Start {
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The arguments of this run of pipe. */
  readonly args: readonly string[];
}

/** In the path of a package that npx has fetched, as none of the project has the command. */
const NPX_CACHE = `${sep}_npx${sep}`;

const START: Start = {
  program: process.argv[1] ?? 'pipe',
  environment: process.env,
  args: process.argv.slice(2),
};

/**
 * The command `pipe ARGUMENTS` in the way in which pipe was started this time, as it can be pasted into the same shell:
 * `pipe run x.yaml`, `npx pipe run x.yaml`, `npm run train -- --only judge`, `node dist/pipe.cjs run x.yaml`.
 */
export function typedCommand(args: readonly string[], start = START): string {
  return ofScript(args, start) ?? commandText(args, programOf(start));
}

function programOf({ program, environment }: Start): string {
  const script = environment.npm_lifecycle_script ?? '';
  // `npm exec` and npx; another program that they have started may have started pipe.
  if (environment.npm_lifecycle_event === 'npx' && /^'?pipe'?( |$)/.test(script))
    return program.includes(NPX_CACHE) ? 'npx @pipe-ml/pipe' : 'npx pipe';
  const path = relative('.', program);
  const short = path.startsWith('..') ? program : path;
  const name = basename(program);
  if (name === 'pipe.cjs') return `node ${shellWord(short)}`;
  if (name !== 'pipe') return 'pipe'; // no command line at all
  // A script of package.json that is not followed here finds pipe in a folder that the shell does not know.
  if (environment.npm_lifecycle_event !== undefined) return 'npx pipe';
  const folders = (environment.PATH ?? '').split(delimiter);
  return folders.includes(dirname(program)) ? 'pipe' : shellWord(short === name ? `./${name}` : short);
}

/** `npm run NAME` where a script of package.json has started pipe with what these arguments begin with. */
function ofScript(args: readonly string[], { environment, args: given }: Start): string | undefined {
  const { npm_lifecycle_event: name, npm_lifecycle_script: script } = environment;
  if (name === undefined || name === 'npx' || script === undefined) return undefined;
  const manager = /^(pnpm|yarn)\//.exec(environment.npm_config_user_agent ?? '')?.[1] ?? 'npm';
  for (let count = given.length; count > 0; count--) {
    if (!new RegExp(`(^|\\s)pipe\\s+${escaped(given.slice(0, count).join(' '))}$`).test(script.trim()))
      continue;
    if (!given.slice(0, count).every((word, index) => args[index] === word)) return undefined;
    const added = args.slice(count).map(shellWord);
    const separator = manager === 'npm' && added.length > 0 ? ['--'] : [];
    return [manager, 'run', shellWord(name), ...separator, ...added].join(' ');
  }
  return undefined;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
