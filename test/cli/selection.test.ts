import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

/** Leaves its name in a file, waits for another one, and fails if its name is that of the variable FAIL. */
const stage = (name: string, inputs: readonly string[], more = '') => `  ${name}:
    uses: command
    inputs: { ${inputs.map((input, index) => `i${index}: ${input}.out`).join(', ')} }
    ${more}
    with:
      run: "echo ${name} >> $TRACE; until test -e $GO; do sleep 0.05; done; test $FAIL != ${name} && echo ${name} > out"
      outputs: { out: out }
    secrets: [TRACE, GO, FAIL]
`;
/** a -> b -> c -> d, and `side` between a and d. */
const PIPELINE = `schema: 1
name: small
stages:
${stage('a', [])}${stage('b', ['a'])}${stage('c', ['b'], 'groups: [eval]')}${stage('side', ['a'])}${stage('d', ['c', 'side'], 'groups: [eval, nightly]')}`;

let project: Project;
beforeEach(() => {
  project = new Project({ 'p.yaml': PIPELINE });
});
afterEach(() => project.remove());

const environment = () => ({ TRACE: project.path('trace'), GO: project.path('p.yaml'), FAIL: 'none' });

/** The stages that a run says are up to date afterwards, and those that it executed. */
async function run(...args: string[]): Promise<{ readonly done: string[]; readonly executed: string[] }> {
  project.write('trace', '');
  const { code, events, stdout } = await project.run(['p.yaml', ...args], environment());
  if (code !== 0) throw new Error(stdout);
  const executed = readFileSync(project.path('trace'), 'utf8').split('\n').filter(Boolean);
  return { done: Object.keys(outcomes(events)).sort(), executed: executed.sort() };
}

describe('a run of some of the stages', () => {
  it('--until a stage brings up to date what it depends on, and nothing else', async () => {
    expect(await run('--until', 'c')).toEqual({ done: ['a', 'b', 'c'], executed: ['a', 'b', 'c'] });
  });

  it('--from a stage brings up to date what depends on it, with all that this needs', async () => {
    expect(await run('--from', 'c')).toEqual({
      done: ['a', 'b', 'c', 'd', 'side'],
      executed: ['a', 'b', 'c', 'd', 'side'],
    });
    expect(await run('--from', 'b', '--until', 'c', '--force', 'b')).toEqual({
      done: ['a', 'b', 'c'],
      executed: ['b'],
    });
  });

  it('--from and --until take what is between, and --frozen lets nothing else run', async () => {
    expect(await run('--from', 'b', '--until', 'c')).toEqual({
      done: ['a', 'b', 'c'],
      executed: ['a', 'b', 'c'],
    });
    const frozen = await project.pipe(['run', 'p.yaml', '--from', 'b', '--frozen'], environment());
    expect(frozen.code).toBe(1);
    expect(frozen.stdout).toContain(
      'side: it is not up to date, and --frozen keeps it from running: not run before',
    );
    await run();
    const again = await run('--from', 'b', '--force', 'c', '--frozen');
    expect(again).toEqual({ done: ['a', 'b', 'c', 'd', 'side'], executed: ['c'] });
  });

  it('takes a group by its name, wherever a stage can be named', async () => {
    expect(await run('--only', 'group:eval', '--until', 'group:eval')).toEqual({
      done: ['a', 'b', 'c', 'd', 'side'],
      executed: ['a', 'b', 'c', 'd', 'side'],
    });
    expect((await run('--only', 'c', '--force', 'group:eval')).executed).toEqual(['c']);
    expect((await run('--force', 'group:nightly')).executed).toEqual(['d']);
    const unknown = await project.pipe(['run', 'p.yaml', '--only', 'group:evil'], environment());
    expect(unknown).toMatchObject({
      code: 2,
      stderr: 'error: pipeline small has no group:evil\n  did you mean `group:eval`?\n',
    });
  });

  it('refuses a choice that leaves nothing', async () => {
    const { code, stderr } = await project.pipe(
      ['plan', 'p.yaml', '--from', 'c', '--until', 'b'],
      environment(),
    );
    expect(code).toBe(2);
    expect(stderr).toBe(`error: no stage is left by what --only, --from and --until say together
  Each of them narrows the choice. pipe graph FILE shows which stage depends on which.
`);
  });

  it('--dry-run shows the plan and starts nothing', async () => {
    const args = ['p.yaml', '--from', 'c', '--force', 'a'];
    const plan = await project.pipe(['plan', ...args], environment());
    expect(await project.pipe(['run', ...args, '--dry-run'], environment())).toEqual(plan);
    expect(plan.stdout).toContain('run');
    expect(existsSync(project.path('trace'))).toBe(false);
    expect(existsSync(project.path('artifacts/runs'))).toBe(false);
  });
});

describe('a verb without a pipeline file', () => {
  it('takes the only one, of pipelines/ or of the current folder, and leaves other YAML files alone', async () => {
    project.write('compose.yaml', 'services:\n  web: { image: x }\n');
    project.write('pipelines/notes.yml', 'stages of life: 3\n');
    expect((await project.pipe(['run'], environment())).code).toBe(0);
    expect((await project.pipe(['plan'], environment())).stdout).toContain(
      'Nothing to do: 5 stages, all cached',
    );
    expect((await project.pipe(['validate'])).stdout).toBe('p.yaml: small is valid, 5 stages\n');
    expect((await project.pipe(['graph'])).stdout).toContain('side');
    expect((await project.pipe(['status'], environment())).stdout).toContain(
      'Nothing to do: 5 stages, all cached',
    );
  });

  it('lists them where there are several, and says so where there is none', async () => {
    project.write('pipelines/other.yaml', 'extends: ../p.yaml\n');
    for (const verb of ['run', 'plan', 'validate', 'graph']) {
      expect(await project.pipe([verb])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: 'error: there are 2 pipelines, so name one of them\n  pipelines/other.yaml, p.yaml\n',
      });
    }
    expect((await project.pipe(['status'])).code).toBe(0);
    expect(await project.pipe(['run'], {}, '/')).toMatchObject({
      code: 2,
      stderr:
        'error: there is no pipeline in pipelines/ or in the current folder\n  name a pipeline file, or go to the folder of the project\n',
    });
  });
});

describe('pipe invalidate', () => {
  it('has the next run make a result again, and only that', async () => {
    await run();
    const { stdout } = await project.pipe(['invalidate', 'b'], environment());
    expect(stdout).toBe('b  the next run makes its result again\n');
    expect((await project.pipe(['plan', '--only', 'b'], environment())).stdout).toContain(
      'its result was invalidated',
    );
    expect((await project.pipe(['why', 'b'], environment())).stdout).toBe(
      'b will run:\n  its result was invalidated\n',
    );
    expect((await run()).executed).toEqual(['b']);
    expect((await run()).executed).toEqual([]);
  });

  it('leaves the result to whoever uses it until then, and stays when the stage fails', async () => {
    await run();
    await project.pipe(['invalidate', 'p.yaml', 'group:nightly', 'a'], environment());
    expect((await project.pipe(['cat', 'p.yaml', 'd.out'], environment())).code).toBe(0);
    const fails = await project.run(['p.yaml', '--only', 'a'], { ...environment(), FAIL: 'a' });
    expect(fails.code).toBe(1);
    expect((await run()).executed).toEqual(['a', 'd']);
  });

  it('is fulfilled once by two runs that begin at the same time, and a mark that is made meanwhile is for the next', async () => {
    await run();
    const go = { ...environment(), GO: project.path('go') };
    await project.pipe(['invalidate', 'b'], go);
    project.write('trace', '');
    const both = [project.run(['p.yaml'], go), project.run(['p.yaml'], go)];
    while (!readFileSync(project.path('trace'), 'utf8').includes('b'))
      await new Promise((tick) => setTimeout(tick, 20));
    await project.pipe(['invalidate', 'b'], go);
    project.write('go', '');
    for (const { code } of await Promise.all(both)) expect(code).toBe(0);
    const executed = readFileSync(project.path('trace'), 'utf8')
      .split('\n')
      .filter((line) => line === 'b').length;
    // The second run may have seen the second mark, if it began after that was made.
    expect(executed).toBeLessThanOrEqual(2);
    expect((await project.run(['p.yaml'], go)).events).toContainEqual(
      expect.objectContaining({
        type: 'stage-finished',
        stage: 'b',
        outcome: executed === 1 ? 'ran' : 'hit',
      }),
    );
  });

  it('says so where there is nothing to invalidate', async () => {
    expect((await project.pipe(['invalidate', 'c'], environment())).stdout).toBe(
      'c  has no result, so it runs in any case\n',
    );
  });
});
