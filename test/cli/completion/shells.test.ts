import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BINARY, Project } from '../rig.ts';
import { SMALL } from '../small-pipeline.ts';

/* Tab is pressed in real shells, in a terminal that `script` of Linux gives. `pipe` is a function there that shows its arguments, so
that what the shell makes of the line is seen, quotes and all. */

const SWEPT = `${SMALL}sweep: { mark: ["!", "a b"] }\n`;
const HOSTILE = [
  `it's.yaml`,
  'two words.yaml',
  'say "hi" $(touch hacked) `touch hacked`.yaml',
  'größe & co;.yaml',
];

interface ShellCase {
  readonly name: string;
  readonly command: string;
  /** Lines that ready it: the completion, and the function that shows arguments. */
  readonly ready: string;
}

const COMPLETION = (shell: string) => `${process.execPath} ${BINARY} completion ${shell}`;
const FUNCTION = `pipe() { printf 'ARGS'; printf '<%s>' "$@"; printf 'END\\n'; }`;
const SHELLS: readonly ShellCase[] = [
  {
    name: 'bash',
    command: 'bash --norc --noprofile -i',
    ready: `bind 'set bell-style none'; eval "$(${COMPLETION('bash')})"; ${FUNCTION}`,
  },
  {
    name: 'zsh',
    command: 'zsh -f -i',
    ready: `autoload -U compinit; compinit -u -D; eval "$(${COMPLETION('zsh')})"; ${FUNCTION}`,
  },
  {
    name: 'fish',
    command: 'fish --no-config -i',
    ready: `${COMPLETION('fish')} | source; function pipe; printf 'ARGS'; printf '<%s>' $argv; printf 'END\\n'; end`,
  },
];

function isInstalled(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

class Terminal {
  readonly #child: ChildProcess;
  #shown = '';

  constructor({ command, ready }: ShellCase, folder: string) {
    this.#child = spawn('script', ['--quiet', '--command', command, '/dev/null'], {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        TERM: 'vt100',
        HISTFILE: '/dev/null',
        LANG: 'C.UTF-8',
        COLUMNS: '400',
        LINES: '50',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
    });
    this.#child.stdin!.write(`stty cols 400\n${ready}\n`);
  }

  /** Types a line with tabs, and gives the arguments that `pipe` is then called with. */
  async arguments(line: string): Promise<readonly string[]> {
    this.#shown = '';
    this.#child.stdin!.write(`${line}\n`);
    await expect.poll(() => this.#shown, { timeout: 20_000, interval: 20 }).toMatch(/ARGS(<.*>)END\r?\n/s);
    const [, shown] = /ARGS<([^\r\n]*)>END/.exec(this.#shown)!;
    return shown!.split('><');
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

describe.each(SHELLS)('in $name, Tab', (shell) => {
  const there = isInstalled(shell.name);
  let project: Project;
  let terminal: Terminal;
  beforeAll(async () => {
    if (!there) return;
    project = new Project({ 'small.yaml': SMALL, 'swept.yaml': SWEPT, 'notes.txt': '' });
    expect((await project.pipe(['run', 'small.yaml'])).code).toBe(0);
    expect((await project.pipe(['tag', 'best', 'last'])).code).toBe(0);
    for (const name of HOSTILE) project.write(`hostile/${name}`, SMALL);
    terminal = new Terminal(shell, project.directory);
  });
  afterAll(() => {
    terminal?.close();
    project?.remove();
  });

  it.skipIf(!there).each([
    ['a verb', 'pipe doct\t', ['doctor']],
    ['an option', 'pipe run --keep\t', ['run', '--keep-failed']],
    ['a pipeline file, and no other', 'pipe run sm\t', ['run', 'small.yaml']],
    ['nothing where nothing fits', 'pipe run not\t', ['run', 'not']],
    ['a choice', 'pipe graph small.yaml --format mer\t', ['graph', 'small.yaml', '--format', 'mermaid']],
    ['a stage', 'pipe run small.yaml --only sho\t', ['run', 'small.yaml', '--only', 'shout']],
    [
      'a second stage behind a comma',
      'pipe plan small.yaml --only shout,wor\t',
      ['plan', 'small.yaml', '--only', 'shout,words'],
    ],
    [
      'a parameter, whose value may follow',
      'pipe run small.yaml --set ma\tx',
      ['run', 'small.yaml', '--set', 'mark=x'],
    ],
    [
      'the value that a parameter has',
      'pipe run small.yaml --set mark=\t',
      ['run', 'small.yaml', '--set', 'mark=!'],
    ],
    [
      'a variant',
      'pipe run swept.yaml --only shout@m\ta\t',
      ['run', 'swept.yaml', '--only', 'shout@mark=a b'],
    ],
    ['an output', 'pipe cat small.yaml count.\t', ['cat', 'small.yaml', 'count.number']],
    [
      'an input, and the file for it',
      'pipe run small.yaml --input cou\tnot\t',
      ['run', 'small.yaml', '--input', 'count.text=notes.txt'],
    ],
    ['a tag where a run is named', 'pipe show be\t', ['show', 'best']],
  ])('completes %s', async (_, line, expected) => {
    expect(await terminal.arguments(line)).toEqual(expected);
  });

  it.skipIf(!there).each([
    ['with quotes', 'it', HOSTILE[0]!],
    ['with spaces', 'two', HOSTILE[1]!],
    ['with what a shell would run', 'say', HOSTILE[2]!],
    ['with letters and signs of its own', 'gr', HOSTILE[3]!],
  ])('completes a name %s to that file, and runs nothing of it', async (_, begun, name) => {
    expect(await terminal.arguments(`pipe run hostile/${begun}\t`)).toEqual(['run', `hostile/${name}`]);
    expect(execFileSync('find', [project.directory, '-name', 'hacked'], { encoding: 'utf8' })).toBe('');
  });

  it.skipIf(!there)('goes on in quotes that are open', async () => {
    expect(await terminal.arguments('pipe run "hostile/two\t')).toEqual(['run', `hostile/${HOSTILE[1]}`]);
  });

  it.skipIf(!there)('writes nothing into the project', () => {
    expect(
      execFileSync('ls', ['-A', project.path('hostile')], { encoding: 'utf8' })
        .trim()
        .split('\n'),
    ).toHaveLength(4);
  });
});
