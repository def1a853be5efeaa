import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Finished, finished, Project } from '../rig.ts';

/** Says what attempt it is, waits for the file `go`, says that too, and ends with the code in it. */
const SCRIPT = (directory: string) => `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
appendFileSync('${directory}/attempts', '.');
console.log('attempt ' + readFileSync('${directory}/attempts', 'utf8').length);
const timer = setInterval(() => {
  if (!existsSync('${directory}/go')) return;
  clearInterval(timer);
  process.stdout.write('it goes on\\n');
  require('node:fs').writeFileSync('o', '');
  process.exitCode = Number(readFileSync('${directory}/go', 'utf8'));
}, 10);
`;

const projects: Project[] = [];
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const project of projects.splice(0)) project.remove();
});

function waitingProject(extra = ''): Project {
  const project = new Project();
  projects.push(project);
  project.write('script.cjs', SCRIPT(project.directory));
  project.write(
    'p.yaml',
    `schema: 1
name: p
stages:
  work:
    uses: command
    inputs: { script: { file: ./script.cjs } }
    with: { run: [node, inputs/script], outputs: { o: o } }
    ${extra}
  then:
    uses: command
    inputs: { before: work.o }
    with: { run: "echo then; touch o", outputs: { o: o } }
`,
  );
  return project;
}

/** What a process has printed so far, while it works. */
function reading(child: ChildProcess): { text: string } {
  started.push(child);
  const read = { text: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    read.text += text;
  });
  return read;
}

const until = (what: () => unknown) => expect.poll(what, { timeout: 20_000, interval: 20 });
const logs = (project: Project, ...args: string[]): Promise<Finished> =>
  project.pipe(['logs', 'p.yaml', ...args]);

describe('pipe logs', () => {
  it('prints what a stage has printed, and says on standard error what that is', async () => {
    const project = waitingProject();
    project.write('go', '0');
    await project.run(['p.yaml']);
    const { code, stdout, stderr } = await logs(project, 'work');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'attempt 1\nit goes on\n' });
    expect(stderr).toMatch(/^work, attempt 1 of run (\S+): artifacts\/runs\/\1\/logs\/work\.1\.log\n$/);
  });

  it('prints the last of several attempts, also of a stage that failed', async () => {
    const project = waitingProject('retries: 1');
    project.write('go', '3');
    expect((await project.run(['p.yaml'])).code).toBe(1);
    expect(await logs(project, 'work')).toMatchObject({
      stdout: expect.stringMatching(/^attempt 2\nit goes on\nerror: `node` failed with exit code 3:\n/),
      stderr: expect.stringMatching(/^work, attempt 2 of/),
    });
  });

  it('prints of a hit the log of the run that made the result, whatever it was called there', async () => {
    const project = waitingProject();
    project.write('go', '0');
    const { events } = await project.run(['p.yaml']);
    const made = events.flatMap((event) => (event.type === 'run-started' ? [event.run] : []))[0];
    expect((await project.run(['p.yaml'])).code).toBe(0);
    const again = await logs(project, 'work');
    expect(again).toMatchObject({ stdout: 'attempt 1\nit goes on\n' });
    expect(again.stderr).toContain(`of run ${made}`);

    const other = `schema: 1\nname: other\nstages:\n  renamed:\n    uses: command\n    inputs: { script: { file: ./script.cjs } }\n    with: { run: [node, inputs/script], outputs: { o: o } }\n`;
    project.write('other.yaml', other);
    await project.run(['other.yaml']);
    expect(await project.pipe(['logs', 'other.yaml', 'renamed'])).toMatchObject({
      stdout: 'attempt 1\nit goes on\n',
      stderr: again.stderr,
    });
  });

  it('follows a stage while it runs, over several attempts, and ends when it ends', async () => {
    const project = waitingProject('retries: 1');
    const run = project.start(['run', 'p.yaml']);
    started.push(run);
    await until(() => existsSync(project.path('attempts'))).toBe(true);
    const child = project.start(['logs', 'p.yaml', 'work', '-f']);
    const read = reading(child);
    const ended = finished(child);
    await until(() => read.text).toBe('attempt 1\n');
    project.write('go', '3');
    await until(() => read.text).toContain('attempt 2');
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^attempt 1\nit goes on\nerror: .*\nattempt 2\nit goes on\nerror: /s);
    expect(stderr.split('\n').map((line) => line.replace(/ of run.*/, ''))).toEqual([
      'work, attempt 1',
      'work, attempt 2',
      'work ended: failed, `node` failed with exit code 3',
      '',
    ]);
  });

  it('waits for a stage that is still to come', async () => {
    const project = waitingProject();
    started.push(project.start(['run', 'p.yaml']));
    await until(() => existsSync(project.path('attempts'))).toBe(true);
    const ended = finished(project.start(['logs', 'p.yaml', 'then', '--follow']));
    project.write('go', '0');
    expect(await ended).toMatchObject({
      code: 0,
      stdout: 'then\n',
      stderr: expect.stringMatching(/then ended after .* s\n$/),
    });
  });

  it('prints of a stage that it waited for, and that was a hit, the log of the run that made it', async () => {
    const project = waitingProject('always: true');
    project.write('go', '0');
    await project.run(['p.yaml']);
    rmSync(project.path('go'));
    rmSync(project.path('attempts'));
    started.push(project.start(['run', 'p.yaml']));
    await until(() => existsSync(project.path('attempts'))).toBe(true);
    const ended = finished(project.start(['logs', 'p.yaml', 'then', '--follow']));
    // So that it waits already: it says nothing then.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    project.write('go', '0');
    expect(await ended).toMatchObject({
      code: 0,
      stdout: 'then\n',
      stderr: expect.stringMatching(/^then ended: hit, .*\nthen, attempt 1 of run /),
    });
  });

  it('stops to follow when the run is killed', async () => {
    const project = waitingProject();
    const run = project.start(['run', 'p.yaml']);
    started.push(run);
    await until(() => existsSync(project.path('attempts'))).toBe(true);
    const ended = finished(project.start(['logs', 'p.yaml', 'work', '-f']));
    run.kill('SIGKILL');
    expect(await ended).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/run \S+ was ended from outside\n$/),
    });
  });

  it('says what there is to do where there is no log', async () => {
    const project = waitingProject();
    project.write('go', '0');
    expect(await logs(project, 'work')).toMatchObject({
      code: 2,
      stderr: 'error: work has not run here\n  run it with: pipe run p.yaml --only work\n',
    });
    expect((await logs(project, 'wrok')).stderr).toContain('did you mean `work`?');
    expect((await logs(project, 'work', '--sweep', 'x=1,2')).stderr).toContain('error:');
    await project.run(['p.yaml']);
    const runs = project.path('artifacts/runs');
    rmSync(`${runs}/${readdirSync(runs)[0]}/logs/work.1.log`);
    expect((await logs(project, 'work')).stderr).toMatch(
      /^work, attempt 1 of .*\nerror: this log was removed\n {2}run it again with: pipe run p\.yaml --force work\n$/,
    );
    await project.run(['p.yaml']);
    rmSync(`${runs}/${readdirSync(runs).sort()[0]}`, { recursive: true });
    expect((await logs(project, 'work')).stderr).toBe(
      'error: the result of work was made by a run that is not here any more, and its log with it\n  run it again with: pipe run p.yaml --force work\n',
    );
  });
});
