import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { BINARY, finished, Project } from './rig.ts';

/* A run in a terminal of its own, which `script` of Linux gives, and that closes in the middle. */

/** Notes its process id and that it was asked to end, and prints all the time. */
const SCRIPT = `
const { writeFileSync } = require('fs');
const [directory] = process.argv.slice(2);
process.on('SIGTERM', () => {
  writeFileSync(directory + '/asked', '');
  process.exit(1);
});
writeFileSync(directory + '/pid', String(process.pid));
setInterval(() => console.log('still at work'), 10);
`;

const projects: Project[] = [];
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const project of projects.splice(0)) project.remove();
});

function workProject(): Project {
  const project = new Project({ 'script.cjs': SCRIPT });
  const run = `[node, inputs/script, ${JSON.stringify(project.directory)}]`;
  project.write(
    'work.yaml',
    `schema: 1\nname: work\nstages:\n  work:\n    uses: command\n    inputs: { script: { file: ./script.cjs } }\n    with: { run: ${run}, outputs: { o: o } }\n`,
  );
  projects.push(project);
  return project;
}

/** Starts `pipe run work.yaml` in a terminal; standard error goes to a file, so that it can be read afterwards. */
function startInTerminal(project: Project, options: string): ChildProcess {
  const shell = `echo $$ > runner; exec ${process.execPath} ${BINARY} run work.yaml ${options} 2> stderr`;
  const child = spawn('script', ['--quiet', '--command', shell, '/dev/null'], {
    cwd: project.directory,
    env: { PATH: process.env.PATH ?? '', HOME: project.directory, TERM: 'xterm', LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  return child;
}

const pidIn = (project: Project, file: string) => Number(readFileSync(project.path(file), 'utf8'));

function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, 'utf8'));
}

const eventually = (what: () => unknown) => expect.poll(what, { timeout: 20_000, interval: 20 });

describe.skipIf(process.platform !== 'linux')('a terminal', () => {
  it.each(['', '--reporter plain', '--json'])(
    'that closes ends the run %s as Ctrl-C does: nothing goes on, no stack is shown, and the run is stored as cancelled',
    async (options) => {
      const project = workProject();
      const terminal = startInTerminal(project, options);
      await eventually(() => existsSync(project.path('pid'))).toBe(true);
      const pids = [pidIn(project, 'runner'), pidIn(project, 'pid')];
      expect(pids.map(isAlive)).toEqual([true, true]);
      terminal.kill('SIGKILL');
      await eventually(() => pids.filter(isAlive)).toEqual([]);
      expect(existsSync(project.path('asked'))).toBe(true);
      expect(readFileSync(project.path('stderr'), 'utf8')).not.toMatch(/^ {4}at |fault in pipe|Error:/m);
      const { runs, running } = JSON.parse((await project.pipe(['status', '--json'])).stdout);
      expect(runs).toMatchObject([{ outcome: 'cancelled' }]);
      expect(running).toEqual([]);
    },
    30_000,
  );

  it('that stays open shows the stages to the end, also when it does not say how large it is', async () => {
    const project = workProject();
    project.write('script.cjs', `require('fs').writeFileSync('o', '')`);
    const { code, stdout } = await finished(startInTerminal(project, ''));
    expect(code).toBe(0);
    expect(stdout).toMatch(/✔|✓/);
    expect(stdout).toMatch(/Succeeded in .*: 1 ran/);
  }, 30_000);
});
