import { spawn } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BINARY, type Finished, finished, Project } from '../cli/rig.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const WORKFLOW = parse(readFileSync(join(ROOT, 'examples/ci/github.yml'), 'utf8'));

/** `right` of ten answers are right; training has become one number. */
const PIPELINE = `schema: 1
name: experiment
params: { right: 8 }
stages:
  generate:
    uses: command
    inputs: { script: { file: ./generate.cjs } }
    with: { run: "node inputs/script $\{params.right}", outputs: { responses: responses.json } }
  judge:
    uses: judge
    inputs: { responses: generate.responses }
    with: { judge: { kind: reference, label: Equal, metric: exact_match } }
`;
const GENERATE = `require('node:fs').writeFileSync('responses.json', JSON.stringify(
  Array.from({ length: 110 }, (_, index) => ({
    instruction: 'question ' + index,
    output: 'it is ' + index,
    model_response: (index * 7) % 10 < process.argv[2] ? 'it is ' + index : 'no idea',
  }))));
`;
/** Stands for GitHub's own: keeps what it is told. */
const GH = `#!/bin/sh\necho "$@" > gh.txt\nwhile [ "$1" != --body-file ]; do shift; done\ncp "$2" comment.md\n`;

const files = { 'evaluation/experiment.yaml': PIPELINE, 'evaluation/generate.cjs': GENERATE };
let project: Project;
let clone: Project;

/** A project with the model, and a clean clone of it with what is in git: pipeline, bundle, baseline. */
beforeEach(async () => {
  project = new Project(files);
  clone = new Project({
    ...files,
    'bin/gh': GH,
    'examples/ci/evaluate.sh': readFileSync(join(ROOT, 'examples/ci/evaluate.sh')),
  });
  chmodSync(clone.path('bin/gh'), 0o755);
  chmodSync(clone.path('examples/ci/evaluate.sh'), 0o755);
  await trained(8);
  clone.write(
    'evaluation/baseline.json',
    (await project.pipe(['cat', 'evaluation/experiment.yaml', 'judge.scores'])).stdout,
  );
});
afterEach(() => {
  project.remove();
  clone.remove();
});

/** Somebody trains, and commits the pipeline with its bundle. */
async function trained(right: number): Promise<void> {
  const pipeline = PIPELINE.replace('right: 8', `right: ${right}`);
  for (const place of [project, clone]) place.write('evaluation/experiment.yaml', pipeline);
  expect((await project.run(['evaluation/experiment.yaml'])).code).toBe(0);
  const out = clone.path('evaluation/judge.bundle');
  expect((await project.pipe(['bundle', 'evaluation/experiment.yaml', '--for', 'judge', out])).code).toBe(0);
}

/** The job's last step, word by word, as the runner of GitHub does it. */
function evaluated(environment: Record<string, string> = {}): Promise<Finished> {
  const [{ run }] = WORKFLOW.jobs.evaluate.steps.slice(-1) as [{ run: string }];
  const env = { PATH: `${clone.path('bin')}:${process.env.PATH}`, HOME: process.env.HOME, LANG: 'C.UTF-8' };
  const pipe = { PIPE: `${process.execPath} ${BINARY}`, NO_COLOR: '1' };
  return finished(
    spawn('sh', ['-ec', run], {
      cwd: clone.directory,
      env: { ...env, ...pipe, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

const ON_GITHUB = () => ({
  GITHUB_ACTIONS: 'true',
  GITHUB_STEP_SUMMARY: clone.path('summary.md'),
  PULL_REQUEST: '12',
});

describe('the example for CI', () => {
  it('judges alone from the bundle, and passes where the scores are as good', async () => {
    const { code, stdout, stderr } = await evaluated();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('judge     ran');
    expect(stdout).toContain(
      '**compared with evaluation/baseline.json: no difference shown; all 110 items are equal**',
    );
  });

  it('fails where they are worse, with the table in the summary and in a comment', async () => {
    await trained(3);
    const { code, stdout, stderr } = await evaluated(ON_GITHUB());
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^::error title=pipe compare::compared with evaluation\/baseline\.json: last is worse by 50 /,
    );
    const summary = readFileSync(clone.path('summary.md'), 'utf8');
    expect(summary).toMatch(
      /^\*\*compared with evaluation\/baseline\.json: last is worse by 50 .*\*\*\n\n\| name \| right \| score /,
    );
    expect(stdout).toContain(summary);
    expect(readFileSync(clone.path('comment.md'), 'utf8')).toBe(summary);
    expect(readFileSync(clone.path('gh.txt'), 'utf8')).toMatch(
      /^pr comment 12 --edit-last --create-if-none --body-file /,
    );
  });

  it('ends before it starts where the bundle is not of this pipeline, at the line of the stage that is stale', async () => {
    clone.write('evaluation/experiment.yaml', PIPELINE.replace('right: 8', 'right: 9'));
    const { code, stdout } = await evaluated(ON_GITHUB());
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^::error file=evaluation\/experiment\.yaml,line=5,col=3,title=generate::it is not up to date, and --frozen keeps it from running: /m,
    );
    expect(stdout).toContain('Nothing was started: 1 problem found beforehand');
  });

  it('annotates what is wrong with a pipeline at its line', async () => {
    clone.write('evaluation/experiment.yaml', PIPELINE.replace('metric: exact_match', 'metrik: exact_match'));
    const { code, stderr } = await evaluated(ON_GITHUB());
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^::error file=evaluation\/experiment\.yaml,line=12,col=\d+,title=[\w-]+::.*metrik/m,
    );
  });

  it('passes all the same where a comment may not be written', async () => {
    clone.write('bin/gh', '#!/bin/sh\nexit 1\n');
    const { code, stdout } = await evaluated(ON_GITHUB());
    expect(code).toBe(0);
    expect(stdout).toContain('::warning::the comparison could not be posted as a comment');
  });
});

it('the workflow may read the code and write comments, and no more', () => {
  expect(WORKFLOW.permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
  expect(WORKFLOW.jobs.evaluate['timeout-minutes']).toBeLessThanOrEqual(15);
});
