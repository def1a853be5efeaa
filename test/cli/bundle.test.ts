import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digests, outcomes, Project } from './rig.ts';

/** Training stands for hours of work and a large model; it generates 110 responses, more than a record holds. */
const PIPELINE = `schema: 1
name: experiment
params: { learning_rate: 1 }
stages:
  train:
    uses: command
    with:
      run: "seq 500000 | sed s/.*/$\{params.learning_rate}/ > model.bin"
      outputs: { model: model.bin }
  generate:
    uses: command
    inputs: { model: train.model, script: { file: ./generate.cjs } }
    with: { run: "node inputs/script > responses.json", outputs: { responses: responses.json } }
  judge:
    uses: judge
    inputs: { responses: generate.responses }
    with: { judge: { kind: reference, label: Characters in common, metric: chrf } }
  report:
    uses: report
    inputs: { responses: generate.responses, scores: judge.scores, summary: judge.summary }
    with: { title: Experiment }
`;

const GENERATE = `console.log(JSON.stringify(Array.from({ length: 110 }, (_, index) => ({
  instruction: 'Rewrite sentence number ' + index + ' in the passive voice. ' + 'It has several clauses. '.repeat(12),
  input: 'The chef cooks meal ' + index + ' every day. ' + 'The guests like it. '.repeat(6),
  output: 'Meal ' + index + ' is cooked by the chef every day. ' + 'It is liked by the guests. '.repeat(8),
  model_response: 'Meal ' + index * 3 % 110 + ' is cooked every day. ' + 'The guests like it. '.repeat(9),
})), null, 4));
`;

const files = { 'experiment.yaml': PIPELINE, 'generate.cjs': GENERATE };
let project: Project;
let clone: Project;

beforeEach(() => {
  project = new Project(files);
  clone = new Project(files);
});
afterEach(() => {
  project.remove();
  clone.remove();
});

/** Runs the experiment, and packs what `stages` need into the clone. */
async function bundled(...stages: string[]): Promise<void> {
  const wanted = stages.flatMap((stage) => ['--for', stage]);
  const made = await project.pipe(['bundle', 'experiment.yaml', ...wanted, clone.path('ci.bundle')]);
  expect(made.stderr).toBe('');
  expect(made.code).toBe(0);
}

describe('a bundle for the judge', () => {
  beforeEach(async () => {
    expect((await project.run(['experiment.yaml'])).code).toBe(0);
    await bundled('judge');
  });

  it('evaluates in a clean clone, without model and training, to the same bytes', async () => {
    expect(statSync(clone.path('ci.bundle')).size).toBeLessThan(200_000);
    const { stdout, code } = await clone.pipe(['unbundle', 'ci.bundle']);
    expect(stdout).toBe(`Added 2 records and 1 object of experiment to ${clone.path('artifacts')}\n`);
    expect(code).toBe(0);
    rmSync(clone.path('generate.cjs')); // what it was is in the bundle
    const run = await clone.run(['experiment.yaml', '--only', 'judge', '--frozen']);
    expect(outcomes(run.events)).toEqual({ train: 'hit', generate: 'hit', judge: 'ran' });
    const { events } = await project.run(['experiment.yaml']);
    expect(digests(events)).toMatchObject(digests(run.events));
  });

  it('ends before it starts where the responses are missing: nothing is trained', async () => {
    await clone.pipe(['unbundle', 'ci.bundle']);
    rmSync(clone.path('artifacts/cache/objects'), { recursive: true });
    const before = readdirSync(clone.path('artifacts'), { recursive: true }).filter(isWork);
    const { code, stdout } = await clone.pipe(['run', 'experiment.yaml', '--only', 'judge', '--frozen']);
    expect(code).toBe(1);
    expect(stdout).toContain(
      'generate: it is not up to date, and --frozen keeps it from running: its output responses is lost, and judge reads it',
    );
    expect(readdirSync(clone.path('artifacts'), { recursive: true }).filter(isWork)).toEqual(before);
  });

  it('ends before it starts where the pipeline was changed, and says what is other', async () => {
    await clone.pipe(['unbundle', 'ci.bundle']);
    const args = ['run', 'experiment.yaml', '--only', 'judge', '--frozen', '--set', 'learning_rate=2'];
    const { code, stdout } = await clone.pipe(args);
    expect(code).toBe(1);
    expect(stdout).toContain(
      'train: it is not up to date, and --frozen keeps it from running: run "seq 500000 | sed s/.*/1/',
    );
  });

  it('is the same bytes each time', async () => {
    const first = readFileSync(clone.path('ci.bundle'));
    await bundled('judge');
    expect(readFileSync(clone.path('ci.bundle')).equals(first)).toBe(true);
  });

  it('that is damaged adds nothing', async () => {
    const bytes = readFileSync(clone.path('ci.bundle'));
    writeFileSync(clone.path('ci.bundle'), bytes.subarray(0, 10_000));
    const { code, stderr } = await clone.pipe(['unbundle', 'ci.bundle']);
    expect(code).toBe(1);
    expect(stderr).toBe(`error: ci.bundle is not a bundle that can be used: it is cut off
  Make it again with \`pipe bundle\`, or fetch it again. Nothing was added.
`);
    expect(readdirSync(clone.path('artifacts/cache'))).toEqual(['tmp']);
  });
});

/** Attempts, locks, records. */
function isWork(path: string | Buffer): boolean {
  return /^(work|cache\/(locks|actions))\b/.test(String(path));
}

it('a bundle for several stages holds what each reads of those that are not among them', async () => {
  await project.run(['experiment.yaml']);
  await bundled('judge,report');
  await clone.pipe(['unbundle', 'ci.bundle']);
  const { events } = await clone.run(['experiment.yaml', '--only', 'judge,report', '--frozen']);
  expect(outcomes(events)).toEqual({ train: 'hit', generate: 'hit', judge: 'ran', report: 'ran' });
});

it('a bundle brings files that a stage reads itself, which need not be in the checkout', async () => {
  const pipeline = PIPELINE.replace(
    'responses: generate.responses }\n    with: { judge',
    'responses: { file: data/r.json } }\n    with: { judge',
  );
  project.write('experiment.yaml', pipeline);
  clone.write('experiment.yaml', pipeline);
  project.write('data/r.json', '[{"instruction": "?", "output": "a", "model_response": "a"}]');
  await bundled('judge');
  await clone.pipe(['unbundle', 'ci.bundle']);
  const { events, code } = await clone.run(['experiment.yaml', '--only', 'judge', '--frozen']);
  expect(code).toBe(0);
  expect(outcomes(events)).toEqual({ judge: 'ran' });
});

describe('pipe bundle', () => {
  it('refuses what is not up to date, and says what would run it', async () => {
    const { code, stderr } = await project.pipe(['bundle', 'experiment.yaml', '--for', 'judge', 'ci.bundle']);
    expect(code).toBe(2);
    expect(stderr).toBe(`error: stage train is not up to date: not run before
  run it with: pipe run experiment.yaml --only train
`);
    expect(readdirSync(project.directory)).not.toContain('ci.bundle');
  });

  it('refuses what is lost', async () => {
    await project.run(['experiment.yaml']);
    rmSync(project.path('artifacts/cache/objects'), { recursive: true });
    const { code, stderr } = await project.pipe(['bundle', 'experiment.yaml', '--for', 'judge', 'ci.bundle']);
    expect(code).toBe(2);
    expect(stderr).toContain('error: what generate gave is not in the cache any more');
    expect(stderr).toContain('run it with: pipe run experiment.yaml --force generate');
  });
});

it('pipe unbundle says that there is no such file', async () => {
  const { code, stderr } = await clone.pipe(['unbundle', 'none.bundle']);
  expect([code, stderr]).toEqual([2, 'error: there is no file none.bundle\n']);
});
