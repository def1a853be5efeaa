import { chmodSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionKey } from '../../src/cache/records/action-key.ts';
import { latestKey, rememberKey } from '../../src/cache/records/latest.ts';
import { openWorkspace } from '../../src/runner/workspace.ts';
import { Project } from './rig.ts';

/** `clean` sorts a file, `tokenize` makes capitals of that, `train` adds a parameter. */
const PIPELINE = `schema: 1
name: small
params: { rate: 0.5 }
stages:
  clean:
    uses: command
    inputs: { raw: { file: data/x.json } }
    with: { run: "sort inputs/raw > out", outputs: { text: out } }
  tokenize:
    uses: command
    inputs: { text: clean.text }
    with: { run: "tr a-z A-Z < inputs/text > out", outputs: { records: out } }
  train:
    uses: command
    inputs: { records: tokenize.records }
    with: { run: "echo $\{params.rate} | cat - inputs/records > out", outputs: { model: out } }
`;

let project: Project;

beforeEach(() => {
  project = new Project({ 'p.yaml': PIPELINE, 'data/x.json': 'one\n' });
});
afterEach(() => project.remove());

const edit = (from: string, to: string, text = PIPELINE): void => {
  if (!text.includes(from)) throw new Error(`there is no ${from}`);
  project.write('p.yaml', text.replace(from, to));
};

async function run(...args: string[]): Promise<void> {
  const { code, stdout } = await project.run(
    args.length > 0 && args[0] === 'p.yaml' ? args : ['p.yaml', ...args],
  );
  if (code !== 0) throw new Error(stdout);
}

/** What `pipe why` prints, with runs by their number, and without times and the machine. */
async function why(stage: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await project.pipe(['why', 'p.yaml', stage, ...args]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return masked(stdout);
}

function masked(text: string): string {
  const runs = readdirSync(project.path('artifacts/runs')).sort();
  return runs
    .reduce((shown, run, index) => shown.replaceAll(run, `R${index + 1}`), text)
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, 'TIME')
    .replaceAll(/in [\d.]+ s on .*/g, 'in SECONDS on HOST')
    .replaceAll(project.directory, 'FOLDER');
}

describe('pipe why', () => {
  it('says of a pipeline that never ran what has no result yet', async () => {
    const { stdout } = await project.pipe(['why', 'p.yaml', 'train']);
    expect(stdout).toBe(`train may run:
  it needs tokenize
    tokenize may run:
      it needs clean
        clean will run:
          there is no result of clean yet
`);
  });

  it('names a parameter, by the change of a setting', async () => {
    await run();
    expect(await why('train', '--set', 'rate=0.25')).toBe(`train will run:
  setting run "echo 0.5 | cat - inputs/records > out" -> "echo 0.25 | cat - inputs/records > out" (parameter rate 0.5 -> 0.25)
`);
  });

  it('names a setting that no parameter is behind', async () => {
    await run();
    edit('sort inputs', 'sort -r inputs');
    expect(await why('clean')).toBe(`clean will run:
  setting run "sort inputs/raw > out" -> "sort -r inputs/raw > out"
`);
  });

  it('follows an input file through the graph, and says besides what else has changed', async () => {
    await run();
    project.write('data/x.json', 'two\n');
    const origin = `  input records: tokenize.records changed
    tokenize may run:
      input text: clean.text changed
        clean will run:
          input raw: data/x.json changed at TIME
`;
    expect(await why('train')).toBe(`train may run:\n${origin}`);
    expect(await why('train', '--set', 'rate=1')).toBe(`train may run:
  setting run "echo 0.5 | cat - inputs/records > out" -> "echo 1 | cat - inputs/records > out" (parameter rate 0.5 -> 1)
${origin}`);
  });

  it('follows it also where the stages between have run since', async () => {
    await run();
    project.write('data/x.json', 'two\n');
    await run('--only', 'tokenize');
    const origin = `  input records: tokenize.records changed
    tokenize ran in run R2, TIME:
      input text: clean.text changed
        clean ran in run R2, TIME:
          input raw: data/x.json changed at TIME
`;
    expect(await why('train')).toBe(`train will run:\n${origin}`);
    await run();
    expect(await why('train')).toBe(`train is up to date
  made in run R3, TIME, in SECONDS on HOST
  settings: run echo 0.5 | cat - inputs/records > out, outputs {"model":"out"}
  inputs: records 465a43c7b7b7 (tokenize.records)
train ran in run R3, TIME:
${origin}`);
  });

  it('says of a hit which run made it and why it ran then, also where the file has changed once more', async () => {
    await run();
    project.write('data/x.json', 'two\n');
    await run();
    await run();
    project.write('data/x.json', 'three\n');
    await run('--only', 'clean');
    edit('{ file: data/x.json }', '{ file: data/y.json }');
    project.write('data/y.json', 'two\n');
    expect(await why('tokenize')).toBe(`tokenize is up to date
  made in run R2, TIME, in SECONDS on HOST
  settings: run tr a-z A-Z < inputs/text > out, outputs {"records":"out"}
  inputs: text 27dd8ed44a83 (clean.text)
tokenize ran in run R2, TIME:
  input text: clean.text changed
    clean ran in run R2, TIME:
      input raw: data/y.json changed, and once more since
`);
  });

  it('names the files of a folder that have changed', async () => {
    edit('{ file: data/x.json }', '{ file: data }');
    edit('sort inputs/raw', 'cat inputs/raw/*', PIPELINE.replace('data/x.json', 'data'));
    project.write('data/z.json', 'z\n');
    await run();
    project.write('data/a.json', 'a\n');
    project.write('data/x.json', 'two\n');
    rmSync(project.path('data/z.json'));
    expect(await why('clean')).toBe(`clean will run:
  input raw: data/: a.json, x.json changed, z.json removed at TIME
`);
  });

  it('names a script, and that it can be run now', async () => {
    const script = PIPELINE.replace(
      '{ raw: { file: data/x.json } }',
      '{ raw: { file: data/x.json }, tool: { file: tool.sh } }',
    );
    project.write('p.yaml', script);
    project.write('tool.sh', 'sort\n');
    await run();
    project.write('tool.sh', 'cat\n');
    expect(await why('clean')).toBe(`clean will run:
  input tool: tool.sh changed at TIME
`);
    project.write('tool.sh', 'sort\n');
    chmodSync(project.path('tool.sh'), 0o755);
    expect(await why('clean')).toBe(`clean will run:
  input tool is executable now
`);
  });

  it('names a variable of the environment', async () => {
    edit('    inputs: { text: clean.text }\n', '    inputs: { text: clean.text }\n    env: [SEED]\n');
    const seed = (SEED: string) => ({ SEED });
    expect((await project.run(['p.yaml'], seed('1'))).code).toBe(0);
    const { stdout } = await project.pipe(['why', 'p.yaml', 'tokenize'], seed('2'));
    expect(stdout).toBe(`tokenize will run:
  variable SEED "1" -> "2"
`);
  });

  it('says of a stage that was renamed what it is called now, and of one that was renamed and changed what it is like', async () => {
    await run();
    edit('  clean:', '  tidy:', PIPELINE.replace('clean.text', 'tidy.text'));
    expect(await why('tidy')).toBe(`tidy is up to date
  made in run R1 as clean, TIME, in SECONDS on HOST
  settings: run sort inputs/raw > out, outputs {"text":"out"}
  inputs: raw 2c8b08da5ce6 (FOLDER/data/x.json)
clean ran in run R1, TIME:
  there is no result of clean yet
`);
    edit('  clean:', '  tidy:', PIPELINE.replace('clean.text', 'tidy.text').replace('sort', 'sort -u'));
    expect(await why('tokenize')).toBe(`tokenize may run:
  input text: tidy.text changed; clean made it before
    tidy will run:
      there is no result of tidy yet; the result most like it is that of clean, which differs:
      setting run "sort inputs/raw > out" -> "sort -u inputs/raw > out"
`);
  });

  it('says that an input comes from another stage now, and which was removed', async () => {
    await run();
    const reversed = PIPELINE.replaceAll('tokenize', 'reverse').replace(
      'tr a-z A-Z < inputs/text',
      'rev inputs/text',
    );
    project.write('p.yaml', reversed);
    await run('--only', 'reverse');
    expect(await why('train')).toBe(`train will run:
  input records: reverse.records changed; tokenize made it before
    reverse ran in run R2, TIME:
      setting run "tr a-z A-Z < inputs/text > out" -> "rev inputs/text > out"
`);
    edit('    inputs: { records: tokenize.records }\n', '', PIPELINE.replace('inputs/records', '/dev/null'));
    expect(await why('train')).toBe(`train will run:
  setting run "echo 0.5 | cat - inputs/records > out" -> "echo 0.5 | cat - /dev/null > out"
  input records is removed
`);
  });

  it('names another implementation version', async () => {
    await run();
    const workspace = openWorkspace(project.path('artifacts'), () => {});
    const name = { pipeline: 'small', stage: 'train' };
    const key = await latestKey(workspace.cacheDirectory, name);
    const [record] = await workspace.records.find(key!);
    // As an earlier version of pipe left it.
    const manifest = { ...record!.manifest, version: Number(record!.manifest.version) - 1 };
    const earlier = { ...record!, manifest, key: actionKey(manifest) };
    rmSync(project.path('artifacts/cache/actions', key!), { recursive: true });
    await workspace.records.add(earlier);
    await rememberKey(workspace.cacheDirectory, name, earlier.key);
    expect(await why('train')).toBe(`train will run:
  stage type command: version ${manifest.version} -> ${manifest.version + 1}
`);
  });

  it('says that an output is lost, or damaged, and who needs it', async () => {
    edit('sort inputs/raw', 'seq 90000');
    await run();
    rmSync(project.path('artifacts/cache/objects'), { recursive: true });
    edit('tr a-z A-Z', 'tr a-z B-ZA', PIPELINE.replace('sort inputs/raw', 'seq 90000'));
    expect(await why('tokenize')).toBe(`tokenize will run:
  setting run "tr a-z A-Z < inputs/text > out" -> "tr a-z B-ZA < inputs/text > out"
`);
    expect(await why('clean')).toBe(`clean will run:
  its output text is lost, and tokenize reads it
`);
  });

  it('says that a record is gone', async () => {
    await run();
    rmSync(project.path('artifacts/cache/actions'), { recursive: true });
    expect(await why('clean')).toBe(`clean will run:
  the record of its last result is gone: pipe gc or somebody removed it
`);
  });

  it('says of a hit that its run is gone, and still with what it was made', async () => {
    await run();
    rmSync(project.path('artifacts/runs'), { recursive: true });
    project.write('artifacts/runs/none', '');
    expect((await why('clean')).replace(/\d{8}-\d{6}-[0-9a-f]{4}/, 'R1')).toBe(`clean is up to date
  made in run R1, TIME, in SECONDS on HOST
  settings: run sort inputs/raw > out, outputs {"text":"out"}
  inputs: raw 2c8b08da5ce6 (FOLDER/data/x.json)
clean ran, and its run is gone: why is not known any more
`);
  });

  it('says that a stage has failed, and then by which attempt it succeeded', async () => {
    const flaky = PIPELINE.replace(
      'sort inputs/raw > out',
      'test -e $PWD_FILE && sort inputs/raw > out',
    ).replace(
      '    inputs: { raw: { file: data/x.json } }\n',
      '    inputs: { raw: { file: data/x.json } }\n    retries: 1\n    secrets: [PWD_FILE]\n',
    );
    project.write('p.yaml', flaky);
    const file = { PWD_FILE: project.path('there') };
    expect((await project.run(['p.yaml'], file)).code).toBe(1);
    expect(await why('clean')).toBe(`clean will run:
  it failed in run R1, TIME: \`bash\` failed with exit code 1 and wrote nothing.
  there is no result of clean yet
`);
    const second = flaky.replace('test -e $PWD_FILE &&', 'rm $PWD_FILE ||');
    project.write('p.yaml', second.replace('rm $PWD_FILE ||', '{ rm $PWD_FILE && exit 1; } ||'));
    project.write('there', '');
    expect((await project.run(['p.yaml'], file)).code).toBe(0);
    expect(await why('clean')).toContain(`clean ran in run R2, TIME:
  attempt 2 of 2 succeeded; attempt 1 failed: `);
  });

  it('compares a new variant of a sweep with the one that is most like it', async () => {
    await run('--sweep', 'rate=1,2');
    expect(await why('train@rate=3', '--sweep', 'rate=2,3')).toBe(`train[rate=3] will run:
  there is no result of train[rate=3] yet; the result most like it is that of train[rate=1], which differs:
  setting run "echo 1 | cat - inputs/records > out" -> "echo 3 | cat - inputs/records > out" (parameter rate 1 -> 3)
`);
  });

  it('says that a stage was forced, and what came of that', async () => {
    edit('sort inputs/raw', 'date +%s%N');
    await run();
    await run('--only', 'clean', '--force', 'clean');
    expect(await why('clean')).toContain(`clean ran in run R2, TIME:
  forced
`);
    expect(await why('tokenize')).toBe(`tokenize will run:
  input text: clean.text changed
    clean ran in run R2, TIME:
      forced
`);
  });

  it('shows a stage once that several ways lead to', async () => {
    const diamond = PIPELINE.replace(
      '{ records: tokenize.records }',
      '{ records: tokenize.records, text: clean.text }',
    );
    project.write('p.yaml', diamond);
    await run();
    project.write('data/x.json', 'two\n');
    expect(await why('train')).toBe(`train may run:
  input records: tokenize.records changed
    tokenize may run:
      input text: clean.text changed
        clean will run:
          input raw: data/x.json changed at TIME
  input text: clean.text changed
    clean will run, see above
`);
  });

  it('takes the only pipeline, and fails for a stage that there is not', async () => {
    const { stdout } = await project.pipe(['why', 'clean']);
    expect(stdout).toBe('clean will run:\n  there is no result of clean yet\n');
    const wrong = await project.pipe(['why', 'cleen']);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('pipeline small has no stage `cleen`');
    renameSync(project.path('p.yaml'), project.path('q.yaml'));
    writeFileSync(project.path('r.yaml'), PIPELINE);
    const two = await project.pipe(['why', 'clean']);
    expect(two).toMatchObject({ code: 2, stdout: '' });
    expect(two.stderr).toBe('error: there are 2 pipelines, so name one of them\n  q.yaml, r.yaml\n');
  });

  it('is what pipe run --explain says of each stage before it runs', async () => {
    await run();
    project.write('data/x.json', 'two\n');
    const { stdout } = await project.pipe([
      'run',
      'p.yaml',
      '--explain',
      '--set',
      'rate=1',
      '--reporter',
      'plain',
    ]);
    const told = masked(stdout)
      .split('\n')
      .filter((line) => line.startsWith('train '));
    expect(told.slice(0, -1).join('\n')).toBe(`train     train will run:
train       setting run "echo 0.5 | cat - inputs/records > out" -> "echo 1 | cat - inputs/records > out"
train       input records: tokenize.records changed
train         tokenize ran in run R2, TIME:
train           input text: clean.text changed
train             clean ran in run R2, TIME:
train               input raw: data/x.json changed at TIME
train     start  run "echo 0.5 | cat - inputs/records > out" -> "echo 1 | cat - inputs/records > out", input records bd52020371c0 -> 465a43c7b7b7`);
  });
});
