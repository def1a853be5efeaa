import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finished, outcomes, Project, parseEvents } from './rig.ts';

/** Waits for the file `go` of the project, then copies it. */
const WAITING = `schema: 1
name: waiting
stages:
  wait:
    uses: command
    env: { GO: "GO_FILE" }
    with:
      run: "while ! [ -e \\"$GO\\" ]; do sleep 0.05; done; echo done > a"
      outputs: { a: a }
`;

describe('a run in the background', () => {
  let project: Project;
  beforeEach(() => {
    project = new Project();
    project.write('waiting.yaml', WAITING.replace('GO_FILE', project.path('go')));
  });
  const begun: number[] = [];
  afterEach(() => {
    for (const pid of begun.splice(0)) signal(pid, 'SIGKILL');
    project.remove();
  });

  /** Starts the run in the background; gives its id and its process. */
  async function detach(): Promise<{ run: string; pid: number }> {
    const started = await project.pipe(['run', 'waiting.yaml', '--detach']);
    expect(started).toMatchObject({ code: 0, stderr: '' });
    const [, run = ''] = /^ {2}pipe attach (\S+)/m.exec(started.stdout) ?? [];
    const pid = Number(/^ {2}kill (\d+)/m.exec(started.stdout)?.[1]);
    begun.push(pid);
    return { run, pid };
  }

  it('goes on when the command that started it has ended, and is watched to its end', async () => {
    const { run } = await detach();
    const watching = finished(project.start(['attach', run, '--json']));
    project.write('go', '');
    const watched = await watching;
    const events = parseEvents(watched.stdout);
    expect(events[0]).toMatchObject({ type: 'run-started', run });
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', outcome: 'succeeded' });
    expect(outcomes(events)).toEqual({ wait: 'ran' });
    expect(watched.code).toBe(0);
    const output = readFileSync(project.path('artifacts/runs', run, 'output.log'), 'utf8');
    expect(output).toContain('Succeeded');
  });

  it('has a session of its own, which the end of a terminal does not reach', async () => {
    const { pid } = await detach();
    if (process.platform === 'linux') expect(sessionOf(pid)).toBe(pid);
    project.write('go', '');
    expect((await project.pipe(['attach', 'last'])).code).toBe(0);
  });

  it('is not ended by Ctrl-C where it is watched', async () => {
    await detach();
    const watching = project.start(['attach', '--reporter', 'plain']);
    const ended = finished(watching);
    await new Promise((seen) => watching.stdout!.once('data', seen));
    watching.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('goes on') });
    project.write('go', '');
    expect(await project.pipe(['attach', 'last'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Succeeded'),
    });
  });

  it('is stopped by the signal that its start names, as by Ctrl-C', async () => {
    signal((await detach()).pid, 'SIGTERM');
    const watched = await project.pipe(['attach', 'last', '--json']);
    expect(watched.code).toBe(130);
    expect(outcomes(parseEvents(watched.stdout))).toEqual({ wait: 'cancelled' });
  });

  it('is missed where it was killed', async () => {
    const { pid } = await detach();
    const watching = finished(project.start(['attach']));
    signal(pid, 'SIGKILL');
    expect(await watching).toMatchObject({ code: 1, stderr: expect.stringContaining('ended from outside') });
  });

  it('does not begin where the pipeline is wrong, and says so with the usual code', async () => {
    project.write('wrong.yaml', 'schema: 1\nname: w\nstages: { a: { uses: nothing } }\n');
    const started = await project.pipe(['run', 'wrong.yaml', '--detach']);
    expect(started).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('`nothing`') });
    const unknown = await project.pipe(['run', 'waiting.yaml', '--detach', '--only', 'nobody']);
    expect(unknown).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('`nobody`') });
    expect(readdirSync(project.path('artifacts/runs'))).toEqual([]);
  });

  it('need not be named where one is at work, and must be where none is', async () => {
    project.write('go', '');
    expect((await project.pipe(['run', 'waiting.yaml'])).code).toBe(0);
    const none = await project.pipe(['attach']);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('no run is at work') });
  });
});

function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {} // it has ended
}
