import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';
import { SMALL } from './small-pipeline.ts';

const TAKES_A_FILE = `schema: 1
name: takes-a-file
params: { data: ./data.json }
stages:
  one:
    uses: command
    inputs: { data: { file: "\${params.data}" } }
    with: { run: "true", outputs: { all: inputs/data } }
  two:
    uses: command
    inputs: { data: { file: "\${params.data}" } }
    with: { run: "true", outputs: { all: inputs/data } }
`;

describe('verbs on a pipeline', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'small.yaml': SMALL, 'takes-a-file.yaml': TAKES_A_FILE });
  });
  afterAll(() => project.remove());

  it('graph draws what flows between the stages', async () => {
    const { stdout } = await project.pipe(['graph', 'small.yaml']);
    expect(stdout).toBe(`small
shout (command)
└─ number: count.number (command)
   └─ text: words.text (command)
`);
  });

  it('plan says what would run and starts nothing', async () => {
    const { code, stdout } = await project.pipe(['plan', 'small.yaml']);
    expect(stdout).toBe(`run      words  not run before
may run  count  after words
may run  shout  after count

1 stage to run, 2 may run, 0 cached

time  not known
disk  not known
`);
    expect(code).toBe(0);
    expect(existsSync(project.path('artifacts/runs'))).toBe(false);
  });

  it('cat names the command that makes what is not there yet', async () => {
    const { code, stderr } = await project.pipe(['cat', 'small.yaml', 'words.text']);
    expect(stderr).toBe(`error: stage words is not up to date: not run before
  run it with: pipe run small.yaml --only words
`);
    expect(code).toBe(2);
  });

  it('that command has the options that were given', async () => {
    const options = ['--artifacts', 'else where', '--set', 'mark=a b'];
    const { stderr } = await project.pipe(['cat', 'small.yaml', 'words.text', ...options]);
    expect(stderr).toContain(
      "run it with: pipe run small.yaml --only words --artifacts 'else where' --set 'mark=a b'\n",
    );
  });

  it('plan takes the stages that are chosen before the file or after it', async () => {
    const { code, stdout } = await project.pipe(['plan', '--only', 'words', 'small.yaml', '--only', 'count']);
    expect(stdout).toMatch(/^run {6}words .*\nmay run {2}count /);
    expect(stdout).not.toContain('shout');
    expect(code).toBe(0);
  });

  it('run brings it up to date and cat and get give the outputs', async () => {
    const { code, stdout, stderr } = await project.pipe(['run', 'small.yaml']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\nSucceeded in .* s: 3 ran\n$/);

    const printed = await project.pipe(['cat', 'small.yaml', 'shout.text']);
    expect(printed).toMatchObject({ code: 0, stdout: '3!\n', stderr: '' });
    await project.pipe(['get', 'small.yaml', 'shout.text', 'out/shout.txt']);
    expect(readFileSync(project.path('out/shout.txt'), 'utf8')).toBe('3!\n');
  });

  it('get never writes over what is there', async () => {
    const { code, stderr } = await project.pipe(['get', 'small.yaml', 'shout.text', 'small.yaml']);
    expect(stderr).toBe('error: small.yaml exists already\n  give another place, or remove it\n');
    expect(code).toBe(2);
    expect(readFileSync(project.path('small.yaml'), 'utf8')).toBe(SMALL);
  });

  it('run --only and --force choose stages, in any place', async () => {
    const { events } = await project.run(['--only', 'words', '--force', 'words', 'small.yaml']);
    expect(outcomes(events)).toEqual({ words: 'ran' });
  });

  it('plan --force says what a forced run would do', async () => {
    const { stdout } = await project.pipe(['plan', 'small.yaml', '--force', 'shout']);
    expect(stdout).toMatch(/^run {6}shout {2}~[\d.]+ s {2}forced$/m);
  });

  it('plan explains a change by the setting that changed', async () => {
    const { stdout } = await project.pipe(['plan', 'small.yaml', '--set', 'mark=.']);
    expect(stdout).toMatch(/^hit {6}words {2}/m);
    expect(stdout).toMatch(/^hit {6}count {2}/m);
    expect(stdout).toMatch(/^run {6}shout {2}~[\d.]+ s {2}run .*!.* -> .*\./m);
  });

  it('status shows the last runs and the state of the stages', async () => {
    const { stdout } = await project.pipe(['status', 'small.yaml']);
    expect(stdout).toMatch(/^\d{8}-\d{6}-\w{4} {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}succeeded {3}small {2}/m);
    expect(stdout).toContain('Nothing to do: 3 stages, all cached');
  });

  it('cat suggests the output that was meant', async () => {
    const { code, stderr } = await project.pipe(['cat', 'small.yaml', 'shout.txt']);
    expect(stderr).toBe('error: there is no output "shout.txt" in small\n  did you mean `shout.text`?\n');
    expect(code).toBe(2);
  });

  it('cat lists the outputs of the stage that was named first', async () => {
    const { stderr } = await project.pipe(['cat', 'small.yaml', 'shout.everything']);
    expect(stderr).toContain('its outputs are: `shout.text`, `words.text`, `count.number`\n');
  });

  it('a file of the command line that is missing is looked for from the current folder', async () => {
    const hint = '  hint: a path on the command line is relative to the current folder\n';
    const { stderr } = await project.pipe(['run', 'nothing-like-it.yaml']);
    expect(stderr).toContain(hint);
    const { stderr: ofSet } = await project.pipe(['run', 'takes-a-file.yaml', '--set', 'data=no-such.json']);
    expect(ofSet).toBe(`--set:1:6: error: there is no file ${project.path('no-such.json')}
  1 | data=no-such.json
    |      ^^^^^^^^^^^^
${hint}`);
  });

  it('run fails with code 1 and says why, where the log is and how to go on', async () => {
    const { code, stdout } = await project.pipe([
      'run',
      'small.yaml',
      '--set',
      'stages.count.with.run=echo wrong; exit 3',
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nFailed after .* s: 1 failed, 1 not run, 1 cached\n/);
    expect(stdout).toMatch(/\ncount failed: .*exit code 3/);
    const log = /\n {2}log: (\S+)\n/.exec(stdout)?.[1];
    expect(readFileSync(project.path(log ?? ''), 'utf8')).toContain('wrong\n');
    expect(stdout).toContain(
      "\nTo continue: pipe run small.yaml --set 'stages.count.with.run=echo wrong; exit 3'\n",
    );
  });

  it('run --artifacts writes to another folder, and nothing is found there before', async () => {
    const { events } = await project.run(['small.yaml', '--artifacts', 'elsewhere']);
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', counts: { ran: 3, hit: 0 } });
    expect(existsSync(project.path('elsewhere/cache/objects'))).toBe(true);
  });

  it('validate shows every error of every file and ends with code 2', async () => {
    project.write('wrong.yaml', SMALL.replace('uses: command', 'uses: comand'));
    const { code, stdout, stderr } = await project.pipe([
      'validate',
      'small.yaml',
      'wrong.yaml',
      'none.yaml',
    ]);
    expect(stdout).toBe('small.yaml: small is valid, 3 stages\n');
    expect(stderr).toContain('wrong.yaml:6:11: error: there is no stage type `comand`');
    expect(stderr).toContain('none.yaml');
    expect(code).toBe(2);
  });

  it.each([
    ['cat', ['cat', 'small.yaml', 'words.text']],
    ['run', ['run', 'small.yaml', '--force', 'words']],
  ])('%s goes on to its end when nobody reads what it prints', async (_verb, args) => {
    const child = project.start(args);
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise((done) => child.once('close', done));
    expect([code, stderr]).toEqual([0, '']);
  });
});
