import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BINARY } from '../rig.ts';
import { PacedProject } from './paced-project.ts';
import { hasTmux, type Screen, Tmux } from './tmux.ts';

/* `PIPE_CAPTURE=1 npx vitest run test/cli/screens` writes the captures anew: look at each of them. */

const CAPTURES = join(import.meta.dirname, 'captures');
const PATIENCE_MS = 40_000;

const open: { close(): void; remove?(): void }[] = [];
const projects: PacedProject[] = [];
afterEach(() => {
  for (const terminal of open.splice(0)) terminal.close();
  for (const project of projects.splice(0)) project.remove();
});

function pacedProject(): PacedProject {
  const project = new PacedProject();
  projects.push(project);
  return project;
}

/** Starts `pipe ARGUMENTS` in a terminal of some size. */
function inTerminal(
  project: PacedProject,
  args: string,
  screen: Screen,
  environment: Readonly<Record<string, string>> = {},
): Tmux {
  const terminal = new Tmux(
    `${process.execPath} --require ${join(import.meta.dirname, 'clock.cjs')} ${BINARY} ${args}; echo "exit code $?"`,
    project.directory,
    screen,
    {
      CLOCK: project.path('clock'),

      PATH: process.env.PATH ?? '',
      HOME: project.directory,
      LANG: 'C.UTF-8',
      ...environment,
    },
  );
  open.push(terminal);
  return terminal;
}

/** What differs from run to run: ids of runs, and where the project and pipe are. */
function masked(text: string, project: PacedProject): string {
  return text
    .replaceAll(/\d{8}-\d{6}-[0-9a-f]{4}/g, 'YYYYMMDD-HHMMSS-xxxx')
    .replaceAll(BINARY, 'dist/pipe.cjs')
    .replaceAll(project.directory, 'PROJECT');
}

/** Waits until the screen is as it was captured. */
async function expectScreen(terminal: Tmux, name: string, project: PacedProject): Promise<void> {
  const file = join(CAPTURES, `${name}.txt`);
  const text = () => `${masked(terminal.text(), project)}\n`;
  if (process.env.PIPE_CAPTURE !== undefined) writeFileSync(file, await settled(text));
  await expect
    .poll(text, { timeout: PATIENCE_MS, interval: 50 })
    .toBe(existsSync(file) ? readFileSync(file, 'utf8') : '');
}

/** A text that has stayed as it is for a second. */
async function settled(text: () => string): Promise<string> {
  for (let last = text(), same = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = text();
    same = now === last ? same + 1 : 0;
    last = now;
    if (same === 10) return now;
  }
}

const until = (what: () => unknown) => expect.poll(what, { timeout: PATIENCE_MS, interval: 50 });

describe.skipIf(!hasTmux())('the screen of a run (skipped without tmux)', { timeout: 120_000 }, () => {
  it('shows a sweep at 120, 40, 200 and 80 columns, resized while it runs, and leaves nothing behind', async () => {
    const project = pacedProject();
    project.write(
      'sweep.yaml',
      `schema: 1
name: sweep
params: { learning_rate: 0.001, epochs: 1 }
stages:
  prepare: ${project.step('prepare')}
  evaluate: ${project.judge('evaluate-${params.learning_rate}-${params.epochs}')}
  publish: ${project.step('publish-${params.learning_rate}', 'prepare')}
sweep: { learning_rate: [0.001, 0.002], epochs: [1, 2] }
`,
    );
    for (const name of ['prepare', 'evaluate-0.002-1']) project.let(name, name === 'prepare' ? 'ok' : 8);
    const terminal = inTerminal(project, 'run sweep.yaml -j 6', { columns: 120, rows: 24 });
    await until(() => terminal.text()).toContain('2 of 7 stages done');
    project.let('evaluate-0.001-1', 1);
    await until(() => terminal.text()).toContain('12 %');
    project.setClock(61);
    project.let('evaluate-0.001-1', 5);
    project.let('evaluate-0.001-2', 2);
    await expectScreen(terminal, 'sweep-120', project);
    for (const columns of [40, 200, 80]) {
      terminal.resize({ columns, rows: 24 });
      await expectScreen(terminal, `sweep-${columns}`, project);
    }
    terminal.resize({ columns: 80, rows: 10 });
    await expectScreen(terminal, 'sweep-80-low', project);
    terminal.resize({ columns: 80, rows: 24 });
    await expectScreen(terminal, 'sweep-80', project);
    project.let('publish-0.001', 'ok');
    project.let('publish-0.002', 'fail');
    for (const variant of ['0.001-1', '0.001-2', '0.002-2']) project.let(`evaluate-${variant}`, 8);
    await until(() => terminal.text()).toContain('exit code 1');
    await expectScreen(terminal, 'sweep-80-end', project);
    expect(terminal.isCursorShown).toBe(true);
  });

  it('uses all rows where there are more stages: what runs, what failed, what ended last; the rest are counted', async () => {
    const project = pacedProject();
    const names = Array.from({ length: 20 }, (_, index) => `s${String(index + 1).padStart(2, '0')}`);
    const stages = names.map((name) => `  ${name}: ${project.step(name)}\n`).join('');
    project.write('many.yaml', `schema: 1\nname: many\nstages:\n${stages}`);
    const terminal = inTerminal(project, 'run many.yaml -j 3', { columns: 80, rows: 12 });
    for (const [index, name] of names.slice(0, 6).entries()) {
      project.let(name, name === 's02' ? 'fail' : 'ok');
      const done = index === 0 ? 1 : index;
      await until(() => terminal.text()).toContain(`${done} of 20 stages done`);
    }
    await until(() => terminal.text().match(/⠋/g)).toHaveLength(3);
    await expectScreen(terminal, 'many-80-low', project);
    terminal.resize({ columns: 80, rows: 30 });
    await expectScreen(terminal, 'many-80', project);
  });

  it('ends in order after Ctrl-C, and shows the cursor again', async () => {
    const project = pacedProject();
    project.write(
      'stop.yaml',
      `schema: 1\nname: stop\nstages:\n  first: ${project.step('first')}\n  then: ${project.step('then', 'first')}\n`,
    );
    const terminal = inTerminal(project, 'run stop.yaml', { columns: 80, rows: 24 });
    await until(() => existsSync(project.path('pace/first.process'))).toBe(true);
    await until(() => terminal.isCursorShown).toBe(false);
    terminal.press('C-c');
    await expectScreen(terminal, 'stopped-80', project);
    expect(terminal.isCursorShown).toBe(true);
  });

  it('says that the process of a stage was killed, and shows the cursor again', async () => {
    const project = pacedProject();
    project.write('killed.yaml', `schema: 1\nname: killed\nstages:\n  work: ${project.step('work')}\n`);
    const terminal = inTerminal(project, 'run killed.yaml', { columns: 80, rows: 24 });
    await until(() => existsSync(project.path('pace/work.process'))).toBe(true);
    process.kill(Number(readFileSync(project.path('pace/work.process'), 'utf8')), 'SIGKILL');
    await expectScreen(terminal, 'killed-80', project);
    expect(terminal.isCursorShown).toBe(true);
  });

  it('has colours where the terminal and its user want them, and plain lines in a dumb terminal', async () => {
    const project = pacedProject();
    project.write('one.yaml', `schema: 1\nname: one\nstages:\n  work: ${project.step('work')}\n`);
    project.let('work', 'ok');
    const styled = async (environment: Readonly<Record<string, string>>) => {
      const terminal = inTerminal(
        project,
        'run one.yaml --force work',
        { columns: 80, rows: 24 },
        environment,
      );
      await until(() => terminal.text()).toContain('exit code 0');
      return terminal.styled();
    };
    expect(await styled({})).toContain('\x1b[32m✔\x1b[39m work');
    for (const environment of [{ NO_COLOR: '1' }, { CI: 'true', TMUX: '' }]) {
      const text = await styled(environment);
      expect(text).toContain('✔ work');
      expect(text).not.toContain('\x1b');
    }
    const dumb = await styled({ TERM: 'dumb' });
    expect(dumb).toContain('work  start  forced');
    for (const none of ['\x1b', '✔']) expect(dumb).not.toContain(none);
  });
});
