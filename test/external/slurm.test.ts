import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JobRecords } from '../../src/runner/executor/slurm/job-facts.ts';
import { digests, outcomes, Project } from '../cli/rig.ts';

/*
A real Slurm, of which the controller and the nodes may be stopped by this user: `npm run check:slurm`, with SLURM_CONF in the
environment and slurmctld's pid file next to that file. With slurmdbd's pid file there (and /etc/slurm/slurmdbd.conf), accounting
is tried too; with `TaskPlugin=task/cgroup` and `ConstrainRAMSpace=yes`, what takes too much memory. docs/reliability.md has what
came of it.
*/

const { SLURM_CONF } = process.env;
const STAGES = Number(process.env.PIPE_SLURM_STAGES ?? 20);
const KILLS = Number(process.env.PIPE_SLURM_KILLS ?? 5);
const MINUTES = 60_000;

if (SLURM_CONF === undefined)
  console.warn('skipped: SLURM_CONF names no Slurm (docs/guides/run-on-slurm.md)');

const CLUSTER = { 'configs/executors/cluster.yaml': 'kind: slurm\npartition: main\nmemory: 100MB\n' };

/** Each stage notes when it begins and ends, next to the pipeline. */
function pipeline(stages: number, seconds: number, folder: string): string {
  return `schema: 1
name: many
executor: cluster
params: { n: 1 }
sweep: { n: { from: 1, to: ${stages}, step: 1 } }
stages:
  work:
    uses: command
    retries: 50
    with:
      run: |
        echo begin >> ${folder}/notes/\${params.n}
        sleep ${seconds}
        echo \${params.n} squared is $((\${params.n} * \${params.n})) > outputs/square.txt
        echo end >> ${folder}/notes/\${params.n}
      outputs: { square: { artifact: file, path: outputs/square.txt } }
`;
}

let project: Project;

beforeEach(() => {
  project = new Project({ ...CLUSTER, 'notes/.keep': '' }, { SLURM_CONF: SLURM_CONF! });
});
afterEach(async () => {
  await execa('scancel', ['--user', process.env.USER ?? 'root'], { reject: false });
  project.remove();
});

/** How often each stage began and ended. */
function notes(): { begun: number[]; ended: number[] } {
  const texts = Array.from({ length: STAGES }, (_, index) => {
    const file = project.path('notes', String(index + 1));
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  });
  const count = (word: string) => texts.map((text) => text.split(`${word}\n`).length - 1);
  return { begun: count('begin'), ended: count('end') };
}

const onceEach = () => Array.from({ length: STAGES }, () => 1);

async function digestsOfLocalRun(): Promise<Record<string, string>> {
  project.write('local.yaml', pipeline(STAGES, 0, project.directory));
  const { events } = await project.run(['local.yaml', '--executor', 'local']);
  return digests(events);
}

/** Kills one runner after the other, until one has nothing left to do; gives how many it killed. */
async function killRunners(file: string): Promise<number> {
  for (let kills = 0; kills < KILLS; kills++) {
    const runner = project.start(['run', file, '--json']);
    const exit = once(runner, 'exit');
    runner.stdout?.resume();
    await Promise.race([delay(300 + Math.random() * 2000), exit]);
    runner.kill('SIGKILL');
    if ((await exit)[1] !== 'SIGKILL') return kills;
  }
  return KILLS;
}

async function slurm(...command: string[]): Promise<string> {
  const [program, ...args] = command;
  return (await execa(program!, args, { reject: false })).stdout;
}

const pidFile = (program: string) => join(dirname(SLURM_CONF ?? ''), `${program}.pid`);

function signal(program: string, name: NodeJS.Signals): void {
  process.kill(Number(readFileSync(pidFile(program), 'utf8')), name);
}

async function stopController(): Promise<void> {
  signal('slurmctld', 'SIGTERM');
  await delay(1000);
}

async function startController(): Promise<void> {
  spawn('slurmctld', ['-f', SLURM_CONF!], { detached: true, stdio: 'ignore' }).unref();
  for (let tries = 0; tries < 60 && !(await slurm('sinfo', '-h', '-o', '%T')).includes('idle'); tries++)
    await delay(1000);
}

describe.skipIf(SLURM_CONF === undefined)('on a real Slurm', () => {
  it(
    'executes each stage once, however often the runner is killed and the controller is away',
    async () => {
      project.write('many.yaml', pipeline(STAGES, 6, project.directory));
      const killing = killRunners('many.yaml');
      await delay(3000);
      await stopController();
      await delay(15_000);
      await startController();
      console.info(`${await killing} kills`);
      const last = await project.run(['many.yaml']);
      expect(last.stderr).toBe('');
      expect(last.code).toBe(0);
      expect(notes()).toEqual({ begun: onceEach(), ended: onceEach() });
      expect(digests(last.events)).toEqual(await digestsOfLocalRun());
    },
    30 * MINUTES,
  );

  it(
    'gives what a local run gives where jobs are cancelled, preempted and put back, and nodes fail',
    async () => {
      project.write('many.yaml', pipeline(STAGES, 8, project.directory));
      const done: Record<string, number> = {};
      let goesOn = true;
      const meddling = (async () => {
        while (goesOn) {
          await delay(1500);
          const running = (await slurm('squeue', '-h', '-r', '-t', 'R', '-o', '%F_%K', '-p', 'main')).split(
            '\n',
          );
          const job = running[Math.floor(Math.random() * running.length)]!;
          const deeds: Record<string, () => Promise<unknown>> = {
            cancelled: () => slurm('scancel', job),
            requeued: async () => {
              await slurm('scontrol', 'update', `jobid=${job}`, 'requeue=1');
              await slurm('scontrol', 'requeue', job);
            },
            preempted: () =>
              slurm(
                'sbatch',
                '-p',
                'urgent',
                '--exclusive',
                '-t1',
                '--chdir=/',
                '--output=/dev/null',
                '--wrap',
                'sleep 1',
              ),
            drained: async () => {
              await slurm('scontrol', 'update', 'nodename=n2', 'state=drain', 'reason=test');
              await delay(2000);
              await slurm('scontrol', 'update', 'nodename=n2', 'state=resume');
            },
            failed: async () => {
              await slurm('scontrol', 'update', 'nodename=n3', 'state=down', 'reason=test');
              await delay(1000);
              await slurm('scontrol', 'update', 'nodename=n3', 'state=resume');
            },
          };
          const names = Object.keys(deeds);
          const name = names[Math.floor(Math.random() * names.length)]!;
          done[name] = (done[name] ?? 0) + 1;
          await deeds[name]!();
        }
      })();
      const kills = await killRunners('many.yaml');
      const last = await project.run(['many.yaml']);
      goesOn = false;
      await meddling;
      console.info(
        `${kills} kills`,
        done,
        'displaced:',
        last.events.filter(({ type }) => type === 'stage-displaced').length,
      );
      expect(last.code).toBe(0);
      expect(Math.min(...notes().ended)).toBe(1);
      expect(digests(last.events)).toEqual(await digestsOfLocalRun());
    },
    30 * MINUTES,
  );

  it(
    'takes a thousand stages at once, and gives them up at once',
    async () => {
      project.write('configs/executors/cluster.yaml', 'kind: slurm\nmemory: 100MB\noptions: [--hold]\n');
      project.write('many.yaml', pipeline(1000, 1, project.directory));
      const runner = project.start(['run', 'many.yaml', '--json']);
      const ended = once(runner, 'exit');
      runner.stdout?.resume();
      const began = Date.now();
      let waiting = 0;
      while (waiting < 1000) {
        waiting = (await slurm('squeue', '-h', '-r', '-t', 'PD', '-o', '%j'))
          .split('\n')
          .filter((name) => name.startsWith('pipe-')).length;
        await delay(100);
      }
      console.info(`1000 stages handed in after ${(Date.now() - began) / 1000} s`);
      runner.kill('SIGINT');
      expect((await ended)[0]).toBe(130);
      expect(await slurm('squeue', '-h', '-t', 'PD,R')).toBe('');
    },
    5 * MINUTES,
  );

  it(
    'says what Slurm ended a stage for',
    async () => {
      project.write(
        'ends.yaml',
        `schema: 1
name: ends
executor: cluster
stages:
  late: { uses: command, timeout: 10s, with: { run: 'sleep 300', outputs: { out: { artifact: file, path: outputs/out } } } }
  large:
    uses: command
    resources: { memory: 200MB }
    with: { run: 'head -c 500000000 /dev/zero | tail -c 490000000 | tail -c 1 > outputs/out', outputs: { out: { artifact: file, path: outputs/out } } }
`,
      );
      const { events } = await project.run(['ends.yaml']);
      const errors = events.flatMap((event) =>
        event.type === 'stage-finished' ? [[event.stage, event.error?.message]] : [],
      );
      expect(outcomes(events)).toEqual({ late: 'failed', large: 'failed' });
      expect(Object.fromEntries(errors).late).toMatch(/^job \d+_0 took longer than its time limit of 1 min/);
      if (/ConstrainRAMSpace\s*= yes/.test(await slurm('scontrol', 'show', 'config')))
        expect(Object.fromEntries(errors).large).toMatch(
          /^job \d+_0 took more memory than the 191 MiB that it had, and a program of it was ended for that: `bash` failed with exit code 137/,
        );
      else console.warn('memory is not tried: this Slurm does not watch it');
    },
    5 * MINUTES,
  );
});

const hasAccounting = existsSync(pidFile('slurmdbd'));
if (SLURM_CONF !== undefined && !hasAccounting) console.warn('accounting is not tried: no slurmdbd.pid');

describe.skipIf(!hasAccounting)('on a real Slurm whose accounting', () => {
  /** A job that only the database knows. */
  let old: string;

  beforeAll(async () => {
    old = await slurm('sbatch', '--parsable', '--chdir=/', '--output=/dev/null', '--wrap', 'kill -9 $$');
    while ((await slurm('scontrol', 'show', 'job', old)) !== '') await delay(2000);
  }, 5 * MINUTES);

  const DEEDS: readonly [string, () => void, () => void][] = [
    ['works', () => {}, () => {}],
    ['hangs', () => signal('slurmdbd', 'SIGSTOP'), () => signal('slurmdbd', 'SIGCONT')],
    [
      'is away',
      () => {
        signal('slurmdbd', 'SIGTERM');
        rmSync(pidFile('slurmdbd'), { force: true });
      },
      () => spawn('slurmdbd', { detached: true, stdio: 'ignore' }).unref(),
    ],
  ];

  it.each(DEEDS)(
    '%s, stages run, fail and are told as ever',
    async (how, begin, end) => {
      project.write(
        'some.yaml',
        `schema: 1
name: some
executor: cluster
stages:
  good: { uses: command, with: { run: 'echo 1 > outputs/out', outputs: { out: { artifact: file, path: outputs/out } } } }
  gone: { uses: command, with: { run: 'sleep 1; kill -9 $PPID', outputs: { out: { artifact: file, path: outputs/out } } } }
`,
      );
      begin();
      try {
        const { events } = await project.run(['some.yaml']);
        expect(outcomes(events)).toEqual({ good: 'ran', gone: 'failed' });
        expect(JSON.stringify(events)).not.toContain('does not answer');
        const records = new JobRecords();
        const facts = how === 'works' ? { state: 'FAILED', exitCode: 0, signal: 9 } : undefined;
        expect(await records.of(old)).toEqual(facts);
      } finally {
        end();
      }
    },
    MINUTES,
  );
});
