import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../../src/runner/events/run-event.ts';
import { outcomes, Project, parseEvents } from '../../../cli/rig.ts';
import { SmallSlurm } from './small-slurm.ts';

/* The real binary with a cluster of one machine (small-slurm.mjs). test/external/slurm.test.ts has a real one. */

const SECRET = 'correct-horse-battery';

let slurm: SmallSlurm;
let project: Project;

beforeEach(() => {
  slurm = new SmallSlurm();
  project = new Project(
    { 'configs/executors/cluster.yaml': 'kind: slurm\n', 'notes/.keep': '' },
    { PATH: slurm.path, TOKEN: SECRET },
  );
});
afterEach(async () => {
  project.remove();
  await slurm.remove();
});

/** A sweep over three variants; each stage notes when it begins and ends, and what it sees of its surroundings. */
function write(script: string, more = ''): void {
  project.write(
    'pipeline.yaml',
    `schema: 1
name: squares
executor: cluster
params: { n: 1 }
sweep: { n: [1, 2, 3] }
stages:
  square:
    uses: command
    secrets: [TOKEN]
    ${more}
    with:
      run: |
        echo begin >> ${project.path('notes')}/\${params.n}
        ${script}
        echo $((\${params.n} * \${params.n})) > outputs/square.txt
        echo end >> ${project.path('notes')}/\${params.n}
      outputs: { square: { artifact: file, path: outputs/square.txt } }
`,
  );
}

const notes = () =>
  [1, 2, 3].map((n) => {
    const file = project.path('notes', String(n));
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').join(' ') : '';
  });

const ONCE = ['begin end', 'begin end', 'begin end'];
const ALL_RAN = { 'square[n=1]': 'ran', 'square[n=2]': 'ran', 'square[n=3]': 'ran' };

function ofType<Type extends RunEvent['type']>(events: readonly RunEvent[], type: Type) {
  return events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
}

const errors = (events: readonly RunEvent[]) =>
  ofType(events, 'stage-finished').map(({ error }) => error?.message ?? '');

/** Starts a run and collects what it says. */
function start() {
  const runner = project.start(['run', 'pipeline.yaml', '--json']);
  let text = '';
  runner.stdout!.setEncoding('utf8').on('data', (some: string) => {
    text += some;
  });
  const closed = once(runner, 'close');
  return {
    runner,
    finished: async () => {
      const [code] = (await closed) as [number | null];
      return { code, events: parseEvents(text) };
    },
  };
}

describe('stages as jobs of Slurm', () => {
  it('go in as one array, say where they are, and do the work of a local run', async () => {
    write('echo hello $TOKEN');
    const { code, events } = await project.run(['pipeline.yaml']);
    expect(code).toBe(0);
    expect(outcomes(events)).toEqual(ALL_RAN);
    expect(notes()).toEqual(ONCE);
    expect(slurm.submitted()).toHaveLength(1);
    expect(slurm.submitted()[0]!.args).toContain('--array=0-2');
    const places = ofType(events, 'stage-place').map(({ message }) => message);
    for (const place of places)
      expect(place).toMatch(/^job 1_[0-2] (waits in the queue of Slurm|runs on n1)/);
    rmSync(project.path('artifacts'), { recursive: true });
    const local = await project.run(['pipeline.yaml', '--executor', 'local']);
    expect(ofType(local.events, 'stage-finished').map(({ outputs }) => outputs)).toEqual(
      expect.arrayContaining(ofType(events, 'stage-finished').map(({ outputs }) => outputs)),
    );
  });

  it('keep secrets out of scripts, arguments and files', async () => {
    write(`test "$(printf %s "$TOKEN" | wc -c)" -eq ${SECRET.length}; echo "it is $TOKEN"`);
    const { events } = await project.run(['pipeline.yaml']);
    expect(outcomes(events)).toEqual(ALL_RAN);
    expect(JSON.stringify(slurm.submitted())).not.toContain(SECRET);
    const files = readdirSync(project.path('artifacts'), { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toContain(SECRET);
    }
  });

  it('go on when the runner is killed, and are adopted by the next', async () => {
    write('sleep 4');
    const first = start();
    await slurm.until(3, 'RUNNING');
    first.runner.kill('SIGKILL');
    const { code, events } = await project.run(['pipeline.yaml']);
    expect(code).toBe(0);
    expect(ofType(events, 'stage-started').map(({ adopted }) => adopted)).toEqual([true, true, true]);
    expect(notes()).toEqual(ONCE);
    expect(slurm.jobs()).toHaveLength(3);
  });

  it('are stored whole where the runner is killed while it stores them', async () => {
    project.write(
      'pipeline.yaml',
      `schema: 1
name: files
executor: cluster
stages:
  files:
    uses: command
    with:
      run: |
        echo begin >> ${project.path('notes/1')}
        mkdir outputs/files
        for i in $(seq 500); do echo $i > outputs/files/$i; done
      outputs: { files: { artifact: directory, path: outputs/files } }
`,
    );
    const runner = project.start(['run', 'pipeline.yaml', '--json']);
    runner.stdout!.resume();
    const objects = project.path('artifacts/cache/objects');
    while (!existsSync(objects) || readdirSync(objects).length < 30) await delay(5);
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    expect(readdirSync(objects).length).toBeLessThan(200); // of 256 that 500 files fill
    const { code, events } = await project.run(['pipeline.yaml']);
    expect([code, outcomes(events)]).toEqual([0, { files: 'ran' }]);
    expect((await project.pipe(['get', 'pipeline.yaml', 'files.files', 'files'])).code).toBe(0);
    expect(readdirSync(project.path('files'))).toHaveLength(500);
    expect(notes()[0]).toBe('begin');
  });

  it('are executed once, whenever runners are killed', async () => {
    write('sleep 2');
    for (let kill = 0; kill < 8; kill++) {
      const { runner, finished } = start();
      await delay(200 + 150 * kill);
      runner.kill('SIGKILL');
      await finished();
    }
    expect((await project.run(['pipeline.yaml'])).code).toBe(0);
    expect(notes()).toEqual(ONCE);
  });

  it('are not handed in twice where sbatch got no answer although they were taken', async () => {
    write('sleep 1');
    slurm.set('deaf', true);
    const { code } = await project.run(['pipeline.yaml']);
    expect(code).toBe(0);
    expect(slurm.jobs()).toHaveLength(3);
    expect(notes()).toEqual(ONCE);
  });

  it('wait for a controller that is away, which is said once', async () => {
    write('sleep 3');
    const { finished } = start();
    await slurm.until(3, 'RUNNING');
    slurm.set('down', true);
    await delay(6000);
    slurm.set('down', false);
    const { code, events } = await finished();
    expect(code).toBe(0);
    expect(notes()).toEqual(ONCE);
    const silences = ofType(events, 'stage-place').filter(({ message }) =>
      message.includes('does not answer'),
    );
    expect(silences).toHaveLength(1);
  });

  it('are tried again where the machine was taken away, which counts as no failure', async () => {
    write('sleep 2');
    const { finished } = start();
    const [job] = await slurm.until(3, 'RUNNING');
    await slurm.meddle(job!.id, 'PREEMPTED');
    const { code, events } = await finished();
    expect(code).toBe(0);
    expect(outcomes(events)).toEqual(ALL_RAN);
    expect(ofType(events, 'stage-displaced').map(({ error }) => error)).toEqual([
      `job ${job!.id} lost its machine (PREEMPTED, None)`.replace(', None', ''),
    ]);
    expect(slurm.jobs()).toHaveLength(4);
  });

  it('fail where they took too much memory or time, or somebody cancelled them; what to do is said', async () => {
    write('sleep 60', 'timeout: 30s');
    const { finished } = start();
    const jobs = await slurm.until(3, 'RUNNING');
    const ends = ['OUT_OF_MEMORY', 'TIMEOUT', 'CANCELLED'];
    for (const [index, { id }] of jobs.entries()) await slurm.meddle(id, ends[index]!);
    const { code, events } = await finished();
    expect(code).toBe(1);
    expect(errors(events).sort()).toEqual([
      expect.stringMatching(/^job 1_0 took more memory than the 3815 MiB that it had, and Slurm ended it/),
      expect.stringMatching(/^job 1_1 took longer than its time limit of 1 min and Slurm ended it/),
      expect.stringMatching(/^job 1_2 was cancelled in Slurm by somebody else than this run/),
    ]);
  });

  it('fail with what Slurm knows where one of their programs was ended for its memory', async () => {
    write('kill -9 $$');
    slurm.set('tight', true);
    const { code, events } = await start().finished();
    expect(code).toBe(1);
    expect(errors(events)).toEqual(
      [1, 2, 3].map(() =>
        expect.stringMatching(
          /^job 1_\d took more memory than the 3815 MiB that it had, and a program of it was ended for that: `bash` was ended by SIGKILL/,
        ),
      ),
    );
  });

  it('fail with their own words where Slurm knows no more', async () => {
    write('exit 3');
    const { code, events } = await start().finished();
    expect(code).toBe(1);
    expect(errors(events)).toEqual([1, 2, 3].map(() => '`bash` failed with exit code 3 and wrote nothing.'));
  });

  it('fail where Slurm forgot them while they ran, also while its database hangs', async () => {
    write('sleep 2; kill -9 $PPID');
    slurm.set('mute', true);
    const { finished } = start();
    const jobs = await slurm.until(3, 'RUNNING');
    for (const { id } of jobs) await slurm.meddle(id, 'FORGOTTEN');
    const { code, events } = await finished();
    expect(code).toBe(1);
    expect(errors(events).sort()).toEqual(
      [0, 1, 2].map((index) => expect.stringContaining(`(Slurm no longer knows job 1_${index})`)),
    );
  }, 60_000);

  it('leave the queue when the run is interrupted, also while the controller is away', async () => {
    write('sleep 60');
    slurm.set('hold', true);
    const { runner, finished } = start();
    await slurm.until(3, 'PENDING');
    slurm.set('down', true);
    await delay(500);
    runner.kill('SIGINT');
    expect((await finished()).code).toBe(130);
    slurm.set('down', false);
    slurm.set('hold', false);
    await delay(1500);
    expect(notes()).toEqual(['', '', '']); // what is in the queue all the same does nothing
  });

  it('stop when the run is interrupted', async () => {
    write('sleep 60');
    const { runner, finished } = start();
    await slurm.until(3, 'RUNNING');
    runner.kill('SIGINT');
    const { code, events } = await finished();
    expect(code).toBe(130);
    expect(Object.values(outcomes(events))).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });

  it('are refused before anything is handed in where no node could take them', async () => {
    write('true', 'resources: { memory: 100GB }');
    const refused = await project.pipe(['run', 'pipeline.yaml']);
    expect(refused.code).toBe(1);
    expect(refused.stderr + refused.stdout).toContain(
      'the stage asks for 95368 MiB of memory; no node of the partition gives more than 4000',
    );
    project.write('configs/executors/cluster.yaml', 'kind: slurm\npartition: nope\n');
    const unknown = await project.pipe(['run', 'pipeline.yaml']);
    expect(unknown.stderr + unknown.stdout).toContain('there is no partition nope in Slurm');
    expect(slurm.jobs()).toEqual([]);
  });
});
