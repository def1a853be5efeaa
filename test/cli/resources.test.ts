import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { Project } from './rig.ts';

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const stage = (name: string, run: string, more: string) => `  ${name}:
    uses: command
    with: { run: "${run}", outputs: { out: out } }
    secrets: [MEET]
    ${more}
`;
const pipeline = (stages: readonly string[], head = '') => `schema: 1
name: small
${head}
stages:
${stages.join('')}`;

/** Says that it is there, waits for the others that it is to meet, and leaves their names. */
const meet = (name: string, others: readonly string[]) =>
  `touch $MEET/${name}; ${others.map((other) => `until test -e $MEET/${other}; do sleep 0.02; done`).join('; ')}${others.length > 0 ? '; ' : ''}echo ${name} $CUDA_VISIBLE_DEVICES > out`;

async function run(
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<RunEvent[]> {
  project.write('meet/.keep', '');
  const { code, events, stdout } = await project.run(['p.yaml', ...args], {
    MEET: project.path('meet'),
    ...environment,
  });
  if (code !== 0) throw new Error(stdout);
  return events;
}

/** How many stages were running at once at most. */
function mostAtOnce(events: readonly RunEvent[]): number {
  let [now, most] = [0, 0];
  for (const event of events) {
    if (event.type === 'stage-started') now++;
    else if (event.type === 'stage-finished') now--;
    most = Math.max(most, now);
  }
  return most;
}

const text = async (stage: string) =>
  (await project.pipe(['cat', 'p.yaml', `${stage}.out`], { MEET: project.path('meet') })).stdout;

describe('slots', () => {
  const takers = (count: number, more = '') =>
    Array.from({ length: 4 }, (_, index) =>
      stage(
        `s${index}`,
        `echo ${index} > out`,
        `resources: { cpu: 0, slots: { licence: ${count} } ${more} }`,
      ),
    );

  it('limit how many stages run at once, by the pipeline or by --slots', async () => {
    project.write('p.yaml', pipeline(takers(1), 'slots: { licence: 1 }'));
    expect(mostAtOnce(await run(['-j', '4']))).toBe(1);
    expect(
      mostAtOnce(await run(['-j', '4', '--slots', 'licence=3', '--force', 's0,s1,s2,s3'])),
    ).toBeLessThanOrEqual(3);
  });

  it('let stages run together that fit, and such as take none', async () => {
    const pair = ['a', 'b'].map((name) =>
      stage(name, meet(name, ['a', 'b', 'c']), 'resources: { cpu: 0, slots: { licence: 1 } }'),
    );
    const free = stage('c', meet('c', ['a', 'b']), 'resources: { cpu: 0 }');
    project.write('p.yaml', pipeline([...pair, free], 'slots: { licence: 2 }'));
    expect(mostAtOnce(await run(['-j', '4']))).toBe(3); // or it would never end
  });

  it('are refused where they are misspelt or too few', async () => {
    project.write('p.yaml', pipeline(takers(2), 'slots: { licence: 2 }'));
    const few = await project.pipe(['plan', 'p.yaml', '--slots', 'licence=1']);
    expect(few).toMatchObject({ code: 2, stdout: '' });
    expect(few.stderr).toContain('it takes 2 of the slot `licence`, and there is 1');
    const wrong = await project.pipe(['plan', 'p.yaml', '--slots', 'licenze=1']);
    expect(wrong.stderr).toContain('there is no slot `licenze`');
    const bad = await project.pipe(['plan', 'p.yaml', '--slots', 'licence=-1']);
    expect(bad.stderr).toContain('It must be of the form name=count.');
  });

  it('decide no result', async () => {
    project.write('p.yaml', pipeline(takers(1), 'slots: { licence: 1 }'));
    await run();
    project.write('p.yaml', pipeline(takers(2), 'slots: { licence: 5 }'));
    expect((await run()).filter(({ type }) => type === 'stage-started')).toEqual([]);
  });
});

describe('GPUs', () => {
  const users = ['a', 'b'].map((name) =>
    stage(name, meet(name, ['a', 'b']), 'resources: { cpu: 0, gpu: 1 }'),
  );

  it('are given to stages that run at once by numbers of their own, of those that the user has left visible', async () => {
    project.write('p.yaml', pipeline([...users, stage('c', 'echo c $CUDA_VISIBLE_DEVICES > out', '')]));
    await run(['-j', '4'], { CUDA_VISIBLE_DEVICES: '5,3' });
    const given = [await text('a'), await text('b')].map((line) => line.trim().split(' ')[1]);
    expect(given.sort()).toEqual(['3', '5']);
    expect(await text('c')).toBe('c\n'); // a command sees what is declared
  });

  it('are waited for where there are too few, and a stage that wants more than there are gets all', async () => {
    const alone = ['a', 'b'].map((name) => stage(name, meet(name, []), 'resources: { cpu: 0, gpu: 7 }'));
    project.write('p.yaml', pipeline(alone));
    const events = await run(['-j', '4'], { CUDA_VISIBLE_DEVICES: '2,GPU-1' });
    expect(mostAtOnce(events)).toBe(1);
    expect([await text('a'), await text('b')]).toEqual(['a 2,GPU-1\n', 'b 2,GPU-1\n']);
  });
});

describe('the order of stages', () => {
  it('begins with what began the longest way when it ran before, and the time left is foreseen from that', async () => {
    const chain = [stage('quick', 'echo 1 > out', ''), stage('slow', 'sleep 1; echo 2 > out', '')];
    project.write('p.yaml', pipeline(chain));
    const first = await run(['-j', '1']);
    const order = (events: readonly RunEvent[]) =>
      events.flatMap((event) => (event.type === 'stage-started' ? [event.stage] : []));
    expect(order(first)).toEqual(['quick', 'slow']);
    expect(first.find(({ type }) => type === 'run-estimated')).toMatchObject({ left_ms: 0, unknown: 2 });
    const again = await run(['-j', '1', '--force', 'quick,slow']);
    expect(order(again)).toEqual(['slow', 'quick']);
    const estimates = again.flatMap((event) => (event.type === 'run-estimated' ? [event] : []));
    expect(estimates[0]!.unknown).toBe(0);
    expect(estimates[0]!.left_ms).toBeGreaterThan(1000);
    expect(estimates[1]!.left_ms).toBeLessThan(estimates[0]!.left_ms - 900);
  });
});

describe('what a plan expects', () => {
  it('is the time of the schedule and the disk by what stages took, and what is not known is said', async () => {
    const stages = [
      stage('one', 'sleep 0.3; head -c 5000 /dev/zero > out', 'resources: { cpu: 0 }'),
      stage('two', 'sleep 0.3; head -c 7000 /dev/zero > out', 'resources: { cpu: 0 }'),
    ];
    project.write('p.yaml', pipeline(stages));
    await run();
    project.write('p.yaml', pipeline([...stages, stage('new', 'date > out', '')]));
    const args = ['--force', 'one,two', '--json'];
    const plan = async (...more: string[]) =>
      JSON.parse((await project.pipe(['plan', 'p.yaml', ...args, ...more], { MEET: '' })).stdout);
    const [narrow, wide] = [await plan('-j', '1'), await plan('-j', '2')];
    const [one, two] = narrow.stages.map((stage: { expected: { duration_ms: number } }) => stage.expected);
    expect(one).toMatchObject({ output_bytes: 5000 });
    // What is new is expected to take what is most like it: here `one`.
    expect(narrow.expected).toMatchObject({ output_bytes: 17_000, download_bytes: 0, unknown_downloads: [] });
    expect(narrow.expected.duration_ms).toBeGreaterThanOrEqual(one.duration_ms + two.duration_ms);
    expect(wide.expected.duration_ms).toBeLessThan(narrow.expected.duration_ms);
    const { stdout } = await project.pipe(['plan', 'p.yaml'], { MEET: '' });
    expect(stdout).toMatch(/^hit {6}one/);
  });

  it('says of a download that nobody knows its size', async () => {
    const fetches = (url: string) => `schema: 1
name: small
stages:
  data: { uses: download, with: { url: "${url}", name: data } }
`;
    project.write('p.yaml', fetches('http://127.0.0.1:9/x'));
    const { stdout } = await project.pipe(['plan', 'p.yaml']);
    expect(stdout).toBe(`run      data  not run before

1 stage to run, 0 cached

time      not known
disk      not known
download  not known
`);
  });
});
