import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

/** Says which of its questions it answers right; the second argument is how many. */
const PROGRAM = `
const { appendFileSync } = require('node:fs');
const tell = (event) => appendFileSync(process.env.PIPE_EVENTS, JSON.stringify(event) + '\\n');
for (let item = 0; item < 40; item++) {
  tell({ progress: item + 1, total: 40, unit: 'questions' });
  tell({ metric: 'accuracy', item, value: item < Number(process.argv[2]) ? 1 : 0 });
}
tell({ metric: 'seconds', value: 3 });
tell({ warning: 'one question is empty', hint: 'Fill it.' });
console.log('arguments', JSON.stringify(process.argv.slice(2)));
`;
const PIPELINE = `schema: 1
name: own
params: { right: 10, rate: 1.50, strict: True }
stages:
  evaluate:
    uses: command
    inputs: { program: { file: ./program.cjs } }
    with:
      run: [node, inputs/program, "\${params.right}", "\${params.rate}", "\${params.strict}", 2]
      metrics:
        accuracy: { unit: of 1, better: higher, scale: { low: 0, high: 1 } }
        seconds: { unit: seconds, better: lower }
`;

let project: Project;
beforeEach(() => {
  project = new Project({ 'own.yaml': PIPELINE, 'program.cjs': PROGRAM });
});
afterEach(() => project.remove());

describe('a program of one’s own', () => {
  it('shows its progress, and its warnings also on a hit', async () => {
    const first = await project.run(['own.yaml']);
    expect(first.code).toBe(0);
    const progress = first.events.filter(({ type }) => type === 'stage-progress');
    expect(progress.at(-1)).toMatchObject({ done: 40, total: 40, unit: 'questions' });
    const again = await project.pipe(['run', 'own.yaml']);
    expect(again.stdout + again.stderr).toContain('one question is empty');
  });

  it('gets numbers and truth values as the file spells them, and its words stay in the log', async () => {
    const { events } = await project.run(['own.yaml']);
    const log = events.flatMap((event) => (event.type === 'stage-started' ? [event.log] : []))[0]!;
    const { stdout } = await project.pipe(['cat', 'own.yaml', 'evaluate.metrics']);
    expect(JSON.parse(stdout).metrics[0].items).toHaveLength(40);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(log, 'utf8')).toContain('arguments ["10","1.50","True","2"]');
  });

  it('has metrics that compare reads from hits: of variants of a file, and of runs', async () => {
    const sweep = ['own.yaml', '--sweep', 'right=4,36'];
    expect((await project.pipe(['run', ...sweep])).code).toBe(0);
    const { events } = await project.run(sweep);
    expect(events.filter((event) => event.type === 'stage-finished').map(({ outcome }) => outcome)).toEqual([
      'hit',
      'hit',
    ]);
    const shown = await project.pipe(['compare', ...sweep, '--metric', 'accuracy']);
    expect(shown.stdout).toMatch(/0\.9.*best/);
    expect((await project.pipe(['compare', 'last', '--format', 'json'])).stdout).toContain(
      '"evaluate.accuracy"',
    );
    const { code, stdout, stderr } = await project.pipe([
      'export-runs',
      'last',
      '--format',
      'csv',
      '--to',
      'tracked',
    ]);
    expect(code, stdout + stderr).toBe(0);
  });

  it('fails a run where it is worse than a baseline, and only where it measures something', async () => {
    await project.pipe(['run', 'own.yaml', '--set', 'right=38']);
    const worse = `${PIPELINE}    fail_if: { worse_than: RUN }\n`;
    const { stdout } = await project.pipe(['runs', '--json']);
    const [run] = JSON.parse(stdout).runs as { run: string }[];
    project.write('worse.yaml', worse.replace('RUN', run!.run).replace('right: 10', 'right: 2'));
    const failed = await project.pipe(['run', 'worse.yaml']);
    expect(failed.code).toBe(1);
    expect(failed.stdout + failed.stderr).toContain('worse');
    project.write(
      'without.yaml',
      worse.replace(/ {6}metrics:[\s\S]*?(?= {4}fail_if)/, '      outputs: { a: a }\n'),
    );
    const { stderr } = await project.pipe(['validate', 'without.yaml']);
    expect(stderr).toContain('`command` measures nothing');
    expect(stderr).toContain('declare what it measures under `metrics`');
  });

  it.each([
    [
      'outputs: { metrics: m.json }, metrics: { a: { unit: points, better: higher } }',
      'own.yaml:8:33',
      'is made from what the command reports',
    ],
    ['metrics: { a: { unit: points, better: more } }', 'own.yaml:8:51', 'must be one of'],
    [
      'metrics: { a: { unit: points, better: lower, scale: { low: 1, high: 1 } } }',
      'own.yaml:8:65',
      'ends before it begins',
    ],
    ['shell: bash', 'own.yaml:8:11', 'a command without outputs gives nothing'],
    ['outputs: { a: a }, shell: sh', 'own.yaml:8:39', 'a list is run without a shell'],
  ])('with %s is refused at %s: %s', async (settings, place, message) => {
    project.write(
      'own.yaml',
      `schema: 1\nname: own\nstages:\n  a:\n    uses: command\n    inputs: {}\n    resources: {}\n    with: { ${settings}, run: [a] }\n`,
    );
    const { code, stderr } = await project.pipe(['validate', 'own.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain(place);
    expect(stderr).toContain(message);
  });
});
