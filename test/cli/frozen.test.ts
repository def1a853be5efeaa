import { existsSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

/** `train` writes more than a record holds; `judge` counts its words and those of a file. */
const PIPELINE = `schema: 1
name: small
params: { seed: 1 }
stages:
  train:
    uses: command
    with: { run: "seq 50000 | sed s/.*/$\{params.seed}/ > model.txt; touch trained", outputs: { model: model.txt } }
  judge:
    uses: command
    inputs: { model: train.model, labels: { file: ./labels } }
    with: { run: "cat inputs/labels/* inputs/model | wc -l | tr -d ' ' > score.txt", outputs: { score: score.txt } }
`;

let project: Project;

beforeEach(async () => {
  project = new Project({ 'small.yaml': PIPELINE, 'labels/a.txt': 'a\n', 'labels/b.txt': 'b\n' });
  expect((await project.run(['small.yaml'])).code).toBe(0);
});
afterEach(() => project.remove());

describe('pipe run --frozen', () => {
  it('runs the named stage, and nothing else', async () => {
    const { events, code } = await project.run([
      'small.yaml',
      '--only',
      'judge',
      '--force',
      'judge',
      '--frozen',
    ]);
    expect(code).toBe(0);
    expect(outcomes(events)).toEqual({ train: 'hit', judge: 'ran' });
  });

  it('ends before it starts where anything else is stale, and says what, why, and what would run it', async () => {
    const args = ['small.yaml', '--only', 'judge', '--set', 'seed=2', '--artifacts', 'artifacts'];
    const { code, stdout } = await project.pipe(['run', ...args, '--frozen']);
    expect(code).toBe(1);
    expect(stdout).toContain(`Nothing was started: 1 problem found beforehand

train: it is not up to date, and --frozen keeps it from running: run …`);
    expect(stdout).toContain(
      '  Run it with: pipe run small.yaml --only train --artifacts artifacts --set seed=2\n',
    );
    const { events } = await project.run([...args, '--frozen']);
    expect(events.some(({ type }) => type === 'stage-started')).toBe(false);
    const problems = events.flatMap((event) => (event.type === 'preflight-failed' ? event.problems : []));
    expect(problems).toMatchObject([{ stage: 'train', reason: { code: 'changed' } }]);
  });

  it('takes a folder that is absent as it is on record', async () => {
    rmSync(project.path('labels'), { recursive: true });
    const again = ['small.yaml', '--only', 'judge', '--force', 'judge'];
    expect((await project.pipe(['run', ...again])).code).toBe(2);
    const { code, stdout } = await project.pipe(['run', ...again, '--frozen', '--reporter', 'plain']);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `input labels  ${project.path('labels')} does not exist; taken as it is on record`,
    );
    for (const reporter of ['tree', 'github'])
      expect(
        (await project.pipe(['run', 'small.yaml', '--frozen', '--reporter', reporter])).stdout,
      ).toContain('taken as it is on record');
    expect((await project.pipe(['cat', 'small.yaml', 'judge.score', '--frozen'])).stdout).toBe('50002\n');
    expect(existsSync(project.path('labels'))).toBe(false);
  });
});

describe('pipe plan --frozen', () => {
  it('shows what keeps a frozen run from starting, with exit code 1', async () => {
    expect((await project.pipe(['plan', 'small.yaml', '--frozen'])).code).toBe(0);
    const { code, stdout } = await project.pipe(['plan', 'small.yaml', '--frozen', '--set', 'seed=2']);
    expect(code).toBe(1);
    expect(stdout).toContain('With --frozen nothing would be started:\ntrain: it is not up to date');
    expect(stdout).toContain('judge: it is not up to date, and --frozen keeps it from running: after train');
    const { stages } = JSON.parse(
      (await project.pipe(['plan', 'small.yaml', '--frozen', '--set', 'seed=2', '--json'])).stdout,
    );
    expect(stages).toMatchObject([{ refused: true }, { refused: true }]);
  });

  it('shows the files that are taken as they are on record', async () => {
    rmSync(project.path('labels'), { recursive: true });
    const { code, stdout } = await project.pipe(['plan', 'small.yaml', '--frozen']);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `input labels: ${project.path('labels')} does not exist; taken as it is on record`,
    );
    const { stages } = JSON.parse((await project.pipe(['plan', 'small.yaml', '--frozen', '--json'])).stdout);
    expect(stages[1].recorded).toMatchObject([{ input: 'labels', path: project.path('labels') }]);
  });
});

describe('--input', () => {
  it('lets a stage read another file, which the plan shows', async () => {
    project.write('other/c.txt', 'c\n');
    const replaced = ['small.yaml', '--input', 'judge.labels=other'];
    expect((await project.pipe(['plan', ...replaced])).stdout).toMatch(
      /run {6}judge {2}~\S+ s {2}input labels [0-9a-f]{12} -> [0-9a-f]{12}/,
    );
    expect((await project.run([...replaced, '--frozen', '--only', 'judge'])).code).toBe(0);
    expect((await project.pipe(['cat', ...replaced.toSpliced(1, 0, 'judge.score')])).stdout).toBe('50001\n');
  });

  it.each([
    ['judge.labels', 'must be of the form stage.input=file'],
    ['judge.labels=none', 'there is no file'],
    ['jugde.labels=labels', 'there is no stage `jugde`'],
  ])('%s is refused', async (input, message) => {
    const { code, stderr } = await project.pipe(['plan', 'small.yaml', '--input', input]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

it('--only names several stages, with commas', async () => {
  const { stages } = JSON.parse(
    (await project.pipe(['plan', 'small.yaml', '--only', 'train, judge', '--json'])).stdout,
  );
  expect(stages.map(({ stage }: { stage: string }) => stage)).toEqual(['train', 'judge']);
  const { stderr } = await project.pipe(['plan', 'small.yaml', '--only', 'train,jugde']);
  expect(stderr).toContain('has no stage `jugde`');
});
