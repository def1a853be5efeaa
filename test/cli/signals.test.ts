import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Finished, finished, outcomes, Project, parseEvents } from './rig.ts';

/**
 * `work` writes a mark outside its directory when it runs, and runs until it is told to stop; whether it listens to
 * the first SIGTERM depends on the mark `deaf`.
 */
const SCRIPT = `
const { existsSync, writeFileSync } = require('fs');
const [marks] = process.argv.slice(2);
const mark = (name) => '/' + marks + '/' + name;
if (existsSync(mark('finish'))) return writeFileSync('out.txt', 'whole');
process.on('SIGTERM', () => {
  writeFileSync(mark('asked'), '');
  if (!existsSync(mark('deaf'))) process.exit(1);
});
writeFileSync(mark('started'), '');
setInterval(() => {}, 1000);
`;

// Without its slash, because an absolute path into the project is warned of.
const pipeline = (directory: string) => `
schema: 1
name: signals
stages:
  first: { uses: command, with: { run: "echo 1 > out.txt", outputs: { out: out.txt } } }
  work:
    uses: command
    inputs: { first: first.out, script: { file: ./script.cjs } }
    with: { run: [node, inputs/script, ${JSON.stringify(directory.slice(1))}], outputs: { out: out.txt } }
  last: { uses: command, inputs: { work: work.out }, with: { run: "cp inputs/work out.txt", outputs: { out: out.txt } } }
`;

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});
function signalsProject(): Project {
  const project = new Project({ 'script.cjs': SCRIPT });
  project.write('signals.yaml', pipeline(project.directory));
  projects.push(project);
  return project;
}

/** Starts a run and resolves when its stage `work` is at work. */
async function startWork(
  project: Project,
  args: readonly string[] = [],
): Promise<{ child: ChildProcess; ended: Promise<Finished> }> {
  const child = project.start(['run', 'signals.yaml', ...args]);
  const ended = finished(child);
  await marked(project, 'started');
  return { child, ended };
}

const marked = (project: Project, name: string) =>
  expect.poll(() => existsSync(project.path(name)), { timeout: 20_000, interval: 20 }).toBe(true);

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  it('stops a run gracefully, says what was not done, and how to continue', async () => {
    const project = signalsProject();
    const { child, ended } = await startWork(project);
    child.kill(signal);
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(existsSync(project.path('asked'))).toBe(true);
    expect(stdout).toMatch(/^work +cancelled {2}the run was cancelled$/m);
    expect(stdout).toMatch(/^last +cancelled {2}the run was cancelled$/m);
    expect(stdout).toMatch(/^Cancelled after .*: 2 cancelled, 1 ran\. What is finished is kept\.$/m);
    expect(stdout).toMatch(/^To continue: pipe run signals\.yaml$/m);

    project.write('finish', '');
    const next = await project.run(['signals.yaml']);
    expect(outcomes(next.events)).toEqual({ first: 'hit', work: 'ran', last: 'ran' });
  });

  it('that comes twice kills what does not listen', async () => {
    const project = signalsProject();
    project.write('deaf', '');
    const { child, ended } = await startWork(project, ['--json']);
    child.kill(signal);
    await marked(project, 'asked'); // the grace of 30 s has begun
    child.kill(signal);
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    const events = parseEvents(stdout);
    expect(outcomes(events)).toEqual({ first: 'ran', work: 'cancelled', last: 'cancelled' });
    const end = events.at(-1);
    expect(end).toMatchObject({
      type: 'run-finished',
      outcome: 'cancelled',
      next: 'pipe run signals.yaml --json',
    });
  }, 25_000); // less than the grace
});

describe('a stage that there is not', () => {
  it.each(['--only', '--force'])('is named by %s, with those that there are', async (option) => {
    const project = signalsProject();
    const { code, stdout, stderr } = await project.pipe(['run', 'signals.yaml', option, 'wrok']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe('error: pipeline signals has no stage `wrok`\n  did you mean `work`?\n');
    expect(existsSync(project.path('artifacts', 'runs'))).toBe(false);
  });
});
