import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Comparison } from '../../../src/comparison/comparison.ts';
import { Project } from '../rig.ts';

/** Of so many responses so many of ten are right; they are judged by comparison: no model, no server. */
const SCRIPT = `
const [right, items] = process.argv.slice(2).map(Number);
const responses = Array.from({ length: items }, (_, index) => ({
  instruction: 'question ' + index,
  input: '',
  output: 'it is ' + index,
  model_response: (index * 7919) % 10 < right ? 'it is ' + index : 'no idea',
}));
require('node:fs').writeFileSync('responses.json', JSON.stringify(responses));
`;
const PIPELINE = `schema: 1
name: answers
params: { right: 5, items: 40, note: none }
stages:
  responses:
    uses: command
    inputs: { script: { file: ./answer.cjs } }
    with: { run: "node inputs/script \${params.right} \${params.items}", outputs: { responses: responses.json } }
  judge:
    uses: judge
    inputs: { responses: responses.responses }
    with: { judge: { kind: reference, label: overlap, metric: rouge_l } }
sweep: { right: [3, 5, 9] }
`;

let project: Project;
beforeEach(() => {
  project = new Project({ 'x.yaml': PIPELINE, 'answer.cjs': SCRIPT });
});
afterEach(() => project.remove());

const output = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await project.pipe(args);
  return { code, stdout, words: stderr };
};
const json = async (...args: readonly string[]) =>
  JSON.parse((await output('compare', ...args, '--json')).stdout) as Comparison;

describe('pipe compare', () => {
  it('says which variant of a file was better, and how sure that is', async () => {
    await project.run(['x.yaml']);
    const { code, stdout } = await output('compare', 'x.yaml');
    expect(code).toBe(0);
    const [header, best, ...others] = stdout.split('\n');
    expect(header).toMatch(/^right +score +vs right=9 +p +win\/tie\/loss +time$/);
    expect(best).toMatch(/^9 +90 \(\d.* to .*\) best/);
    expect(others[0]).toMatch(/^5 .* -\d/);
    expect(stdout).toMatch(
      /compared with right=5, right=9 is better by \d+ \(95 % \d+ to \d+, p < 0\.001, corrected/,
    );
  });

  it('gives the same as JSON, CSV, Markdown and a page; the same bytes each time', async () => {
    await project.run(['x.yaml']);
    const comparison = await json('x.yaml');
    expect(comparison.rows.map(({ name, best }) => [name, best])).toEqual([
      ['right=9', true],
      ['right=5', false],
      ['right=3', false],
    ]);
    const csv = (await output('compare', 'x.yaml', '--format', 'csv')).stdout.trim().split('\n');
    expect(csv[0]).toMatch(/^name,right,judge\.score,/);
    expect(csv).toHaveLength(4);
    const markdown = (await output('compare', 'x.yaml', '--format', 'markdown')).stdout;
    expect(markdown).toMatch(/^\*\*compared with right=5, right=9/);
    expect(markdown).toContain('| 9 | ');
    const page = (await output('compare', 'x.yaml', '--format', 'html')).stdout;
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('<svg');
    expect((await output('compare', 'x.yaml', '--format', 'html')).stdout).toBe(page);
  });

  it('compares with a baseline, and runs with what the file is now', async () => {
    const { events } = await project.run(['x.yaml']);
    const [first] = events;
    const run = first?.type === 'run-started' ? first.run : '';
    const { rows } = await json('x.yaml', '--baseline', 'right=5');
    expect(rows.map(({ name, difference }) => [name, difference?.finding])).toEqual([
      ['right=9', 'better'],
      ['right=5', undefined],
      ['right=3', 'worse'],
    ]);
    expect((await json('x.yaml', run)).rows.map(({ name }) => name).sort()).toEqual(
      ['9', '5', '3'].flatMap((right) => [`answers right=${right}`, `${run} right=${right}`]).sort(),
    );
  });

  it('compares the last runs of two commits', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
        cwd: project.directory,
      });
    project.write('.gitignore', 'artifacts\n');
    git('init', '-q', '-b', 'main');
    for (const right of [4, 8]) {
      project.write(
        'x.yaml',
        PIPELINE.replace('sweep: { right: [3, 5, 9] }', '').replace('right: 5', `right: ${right}`),
      );
      git('add', '.');
      git('commit', '-qm', `right ${right}`);
      await project.run(['x.yaml']);
    }
    const { rows } = await json('main~1', 'main', '--baseline', 'main~1');
    expect(rows.map(({ name, difference }) => [name, difference?.finding])).toEqual([
      ['main', 'better'],
      ['main~1', undefined],
    ]);
    git('commit', '-qm', 'more', '--allow-empty');
    expect(await output('compare', 'main')).toMatchObject({
      code: 2,
      words: expect.stringContaining('there is no finished run of the commit'),
    });
  });

  it('with --fail-if-worse fails where a run is shown to be worse than scores in a file', async () => {
    const run = (right: number) => project.run(['x.yaml', '--set', 'sweep=null', '--set', `right=${right}`]);
    await run(9);
    const scores = await output('cat', 'x.yaml', 'judge.scores', '--set', 'sweep=null', '--set', 'right=9');
    project.write('baseline.json', scores.stdout);
    const gate = (...args: string[]) =>
      output('compare', 'baseline.json', 'last', '--fail-if-worse', '--format', 'markdown', ...args);
    expect((await gate()).code).toBe(0); // the same scores
    await run(3);
    const worse = await gate();
    expect(worse.code).toBe(1);
    expect(worse.words).toMatch(/^error: compared with baseline\.json: last is worse by 60 \(95 % .*\)\n$/);
    expect(worse.stdout).toMatch(/^\*\*compared with baseline\.json: last is worse by 60 /);
    expect((await gate('--by', '70')).code).toBe(0);
    expect((await output('compare', 'last', 'baseline.json', '--fail-if-worse')).code).toBe(0); // it is better
    project.write('other.json', '[{"score": 50}]');
    const other = await output('compare', 'other.json', 'last', '--fail-if-worse');
    expect([other.code, other.words]).toEqual([
      1,
      'error: last cannot be compared with other.json: no item has a judge.score on both sides\n',
    ]);
    const onGithub = await project.pipe(['compare', 'baseline.json', 'last', '--fail-if-worse'], {
      GITHUB_ACTIONS: 'true',
    });
    expect(onGithub.stderr).toMatch(
      /^::error title=pipe compare::compared with baseline\.json: last is worse/,
    );
  });

  it('fails a run by `fail_if`, and neither the stage nor its result', async () => {
    const pipeline = (right: number, failIf: string) =>
      PIPELINE.replace('right: 5', `right: ${right}`)
        .replace(/^sweep.*\n/m, '')
        .replace('    uses: judge\n', `    uses: judge\n    fail_if: ${failIf}\n`);
    const run = async (right: number, failIf: string) => {
      project.write('sub/y.yaml', pipeline(right, failIf));
      project.write('sub/answer.cjs', SCRIPT);
      const { code, stdout, words } = await output('run', 'sub/y.yaml');
      return { code, stdout, words };
    };
    const file = '{ worse_than: { file: ./baseline.json }, by: 2 }';
    const first = await run(9, file);
    expect([first.code, first.words]).toEqual([
      1,
      'error: judge: the baseline sub/baseline.json does not exist; make it with pipe cat, from the scores of a good run\n',
    ]);
    project.write('sub/baseline.json', (await output('cat', 'sub/y.yaml', 'judge.scores')).stdout);
    expect(await run(9, file)).toMatchObject({
      code: 0,
      words: '',
      stdout: expect.stringContaining('all cached'),
    });
    const worse = await run(3, file);
    expect(worse.code).toBe(1);
    expect(worse.words).toMatch(
      /^error: judge: compared with sub\/baseline\.json: \d{8}-\S+ is worse by 60 /,
    );
    expect(worse.stdout).toContain('Succeeded');
    expect(await run(3, '{ worse_than: { file: ./baseline.json }, by: 70 }')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('all cached'), // it is no part of the key
    });
    expect(await run(3, '{ worse_than: { file: ./baseline.json }, error_rate: 1e-9 }')).toMatchObject({
      code: 0,
    });
    expect((await run(3, '{ worse_than: main, error_rate: 0.1 }')).words).toContain('error_rate');
    const [good] = readdirSync(project.path('artifacts/runs')).sort().slice(1);
    expect((await run(3, `{ worse_than: ${good} }`)).words).toMatch(
      /^error: judge: compared with \d{8}-\S+: .* is worse by 60 /,
    );
    expect((await run(3, '{ worse_than: none }')).words).toContain('error: judge: `none` is neither');
  });

  it('refuses `fail_if` where nothing is measured', async () => {
    project.write(
      'x.yaml',
      PIPELINE.replace('    uses: command\n', '    uses: command\n    fail_if: { worse_than: main }\n'),
    );
    const { code, words } = await output('validate', 'x.yaml');
    expect(code).toBe(2);
    expect(words).toContain(
      'error: stage type `command` measures nothing, so it cannot be worse than a baseline',
    );
  });

  it('compares files of scores, and says what is wrong with one', async () => {
    const scores = (value: number) =>
      JSON.stringify(Array.from({ length: 30 }, (_, index) => ({ score: value + (index % 7) })));
    project.write('a.json', scores(40));
    project.write('b.json', scores(60));
    const { metric, rows } = await json('a.json', 'b.json');
    expect(metric).toBe('judge.score');
    expect(rows.map(({ name, best }) => [name, best])).toEqual([
      ['b.json', true],
      ['a.json', false],
    ]);
    project.write('b.json', '[{"score": 101}]');
    expect((await output('compare', 'a.json', 'b.json')).words).toContain(
      'error: b.json cannot be compared by judge.score: ',
    );
  });

  it('names what it was given and does not know', async () => {
    await project.run(['x.yaml']);
    for (const [args, words] of [
      [['nothing'], '`nothing` is neither a pipeline file, nor a run, nor a git revision'],
      [['--output=x'], 'unknown option'],
      [['x.yaml', '--baseline', 'right=7'], 'is not among what is compared: right=3, right=5, right=9'],
      [['x.yaml', '--metric', 'loss'], 'there is no metric `loss`; there are: judge.score'],
    ] as const) {
      expect(await output('compare', ...args)).toMatchObject({
        code: 2,
        words: expect.stringContaining(words),
      });
    }
  });

  it('lets no text of a pipeline become markup or a formula', async () => {
    const hostile = ['=1+1', '|<img src=x onerror=alert(1)>@all', '](http://x)'];
    const sweep = ['--sweep', `note=${JSON.stringify(hostile)}`, '--set', 'sweep.right=null'];
    project.write('y.yaml', PIPELINE.replace('label: overlap', 'label: "${params.note}"'));
    await project.run(['y.yaml', ...sweep]);
    const page = (await output('compare', 'y.yaml', ...sweep, '--format', 'html')).stdout;
    expect(page).toContain('&lt;img src=x');
    expect(page).not.toContain('<img');
    const markdown = (await output('compare', 'y.yaml', ...sweep, '--format', 'markdown')).stdout;
    expect(markdown).toContain('\\|\\<img src=x onerror=alert(1)\\>\\@all');
    const csv = (await output('compare', 'y.yaml', ...sweep, '--format', 'csv')).stdout;
    expect(csv).toContain("'=1+1");
  });

  it('tells of variants that have not run, and of none at all', async () => {
    await project.run(['x.yaml', '--only', 'judge@right=3']);
    const { notes, verdict } = await json('x.yaml');
    expect(notes).toEqual(['without judge.score: right=5; right=9']);
    expect(verdict).toContain('no difference can be shown');
  });
});

describe('pipe runs, show and diff', () => {
  it('list runs with what differs and what was measured, and show what changed', async () => {
    await project.run(['x.yaml', '--sweep', 'right=5']);
    await project.run(['x.yaml', '--sweep', 'right=5', '--set', 'items=50']);
    const { stdout } = await output('runs');
    const [header, newest, oldest] = stdout.split('\n');
    expect(header).toMatch(/^run +started +outcome +time +commit +pipeline +items +measured$/);
    expect(newest).toMatch(/succeeded .* answers +50 +judge\.score \d/);
    expect(oldest).toMatch(/succeeded .* answers +40 +judge\.score \d/);

    const shown = (await output('show', 'last')).stdout;
    expect(shown).toMatch(/^command +pipe run x\.yaml --sweep right=5 --set items=50 --json$/m);
    expect(shown).toMatch(/^ran +judge +/m);

    const before = oldest!.split(' ')[0]!;
    const diff = (await output('diff', before, 'last')).stdout;
    expect(diff).toContain('params.items 40 -> 50');
    expect(diff).toMatch(/^responses {2}changed$/m);
    expect((await output('diff', before.slice(-4), before)).stdout).toContain('nothing is different');
    expect(await output('show', 'ffff0')).toMatchObject({
      code: 2,
      words: expect.stringContaining('there is no run'),
    });
  });

  it('say what to do where nothing has run', async () => {
    expect((await output('runs')).stdout).toContain('start one with: pipe run FILE');
    expect((await output('show', 'last')).code).toBe(2);
  });
});
