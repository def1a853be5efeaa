import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MlflowServer, startMlflowServer } from '../../servers/mlflow-server.ts';
import { Project } from '../rig.ts';

const RESPONSES = ['x y', 'x z'].map((model_response) => ({
  instruction: 'a',
  output: 'x y',
  model_response,
}));
const PIPELINE = `schema: 1
name: tracked
params: { rate: 0.1, model: { name: "a, b" } }
sweep: { rate: [0.1, 0.2] }
stages:
  train:
    uses: command
    with:
      run: "printf 'step,epoch,train_loss,grad_norm\\n-1,0,3.5,\\n9,1,%s,1.5\\n' \${params.rate} > h.csv"
      outputs: { history: h.csv }
  judge:
    uses: judge
    inputs: { responses: { file: ./responses.json } }
    with: { judge: reference }
`;

let project: Project;
let run: string;
beforeEach(async () => {
  project = new Project({ 'p.yaml': PIPELINE, 'responses.json': JSON.stringify(RESPONSES) });
  expect((await project.run(['p.yaml'])).code).toBe(0);
  [run] = readdirSync(project.path('artifacts/runs')) as [string];
});
afterEach(() => project.remove());

const exported = (format: string, to: string, ...more: string[]) =>
  project.pipe(['export-runs', ...more, '--format', format, '--to', to]);
const read = (path: string) => readFileSync(project.path(path), 'utf8');
/** Without times and what hangs on them. */
const withoutTimes = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T');

describe('pipe export-runs', () => {
  it('writes the runs as a table, with a line for each variant, and each value as another', async () => {
    const { code, stdout } = await exported('csv', 'out');
    expect([code, stdout]).toEqual([0, 'out/runs.csv\nout/metrics.csv\n']);
    expect(withoutTimes(read('out/runs.csv')).split('\n')).toEqual([
      'run,variant,pipeline,outcome,started,finished,commit,model.name,rate,judge/mean_score,judge/score,' +
        'train.history/epoch,train.history/grad_norm,train.history/train_loss',
      `${run},rate=0.1,tracked,succeeded,T,T,,"a, b",0.1,75,75,1,1.5,0.1`,
      `${run},rate=0.2,tracked,succeeded,T,T,,"a, b",0.2,75,75,1,1.5,0.2`,
      '',
    ]);
    const values = withoutTimes(read('out/metrics.csv')).split('\n');
    expect(values).toContain(`${run},rate=0.2,train.history/train_loss,0,T,3.5`);
    expect(values).toContain(`${run},rate=0.2,train.history/train_loss,10,T,0.2`);
    expect(values.filter((line) => line.includes('rate=0.2,train.history/grad_norm'))).toHaveLength(1);
  });

  it('writes the same as JSON', async () => {
    await exported('json', 'out');
    const [first, second] = JSON.parse(read('out/runs.json'));
    expect(first).toMatchObject({
      run,
      variant: 'rate=0.1',
      pipeline: 'tracked',
      outcome: 'succeeded',
      parameters: { rate: 0.1, 'model.name': 'a, b' },
    });
    expect(second.points).toContainEqual({
      metric: 'judge/score',
      step: 0,
      time: expect.stringMatching(/Z$/),
      value: 75,
    });
  });

  it('writes a folder for each run that TensorBoard shows, in place of an earlier one', async () => {
    await exported('tensorboard', 'logs');
    const { stdout } = await exported('tensorboard', 'logs');
    const [first, second] = stdout.trim().split('\n') as [string, string];
    expect(first).toMatch(new RegExp(`^logs/${run}/rate=0.1/events.out.tfevents.\\d{10}.pipe$`));
    expect(second).toContain(`logs/${run}/rate=0.2/`);
    expect(read(second)).toContain('train.history/train_loss');
    expect(read(second)).toContain('_hparams_/session_start_info');
    expect(readdirSync(project.path('logs', run, 'rate=0.1'))).toHaveLength(1);
  });

  it('exports a run of hits with the curves that it did not make', async () => {
    await project.run(['p.yaml']);
    await exported('json', 'out');
    const runs = JSON.parse(read('out/runs.json'));
    expect(runs).toHaveLength(4);
    const curve = (n: number) =>
      runs[n].points.flatMap(({ metric, step, value }: Record<string, unknown>) =>
        metric === 'train.history/train_loss' ? [[step, value]] : [],
      );
    expect(curve(2)).toEqual([
      [0, 3.5],
      [10, 0.1],
    ]);
    await exported('json', 'one', 'last');
    expect(JSON.parse(read('one/runs.json'))).toHaveLength(2);
  });

  it('exports what it can of a run whose outputs are gone, and says so', async () => {
    rmSync(project.path('artifacts/cache/actions'), { recursive: true });
    const { code, stderr } = await exported('csv', 'out');
    expect(code).toBe(0);
    expect(stderr).toContain('judge is exported without its outputs: the cache has no record of it any more');
    expect(read('out/runs.csv')).toContain(',judge/mean_score');
  });

  it.each([
    [['csv', 'http://127.0.0.1:1'], 'csv is written into a folder, not to an address'],
    [['mlflow', 'logs'], 'logs is no address'],
    [['csv', 'out', '20990101-000000-abcd'], 'there is no run `20990101-000000-abcd`'],
    [['mlflow', 'http://127.0.0.1:1'], 'MLflow does not answer at http://127.0.0.1:1'],
    [['mlflow', 'http://me:secret@127.0.0.1:1'], 'holds a user name or password'],
  ] as const)('is refused with %j', async ([format, to, ...names], message) => {
    const { code, stderr } = await exported(format, to, ...names);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret');
  });
});

describe('pipe export-runs --follow', () => {
  const WAITING = `schema: 1
name: waiting
stages:
  wait:
    uses: command
    with: { run: "until [ -e ${'$'}{params.go} ]; do sleep 0.1; done; echo done > out", outputs: { out: out } }
params: { go: GO }
`;

  it('goes on until the run at work has ended', async () => {
    project.write('w.yaml', WAITING.replace('GO', project.path('go')));
    const running = project.run(['w.yaml']);
    const outcome = () => JSON.parse(read('out/runs.json'))[0].outcome;
    await expect.poll(() => readdirSync(project.path('artifacts/runs')).length).toBe(2);
    const following = exported('json', 'out', 'last', '--follow');
    await expect.poll(outcome, { timeout: 20_000 }).toBe('unfinished');
    project.write('go', '');
    expect((await running).code).toBe(0);
    expect(await following).toMatchObject({ code: 0, stdout: 'out/runs.json\n', stderr: '' });
    expect(outcome()).toBe('succeeded');
  });

  it('ends where the run was killed', async () => {
    const path = `artifacts/runs/${run}/events.ndjson`;
    const events = read(path).replaceAll(/"time":"[^"]*"/g, '"time":"2026-01-01T00:00:00.000Z"');
    project.write(path, events.replace(/.*"run-finished".*\n/, ''));
    expect((await exported('json', 'out', '--follow')).code).toBe(0);
    expect(JSON.parse(read('out/runs.json'))[0].outcome).toBe('unfinished');
  });
});

describe('a run that was killed', () => {
  it('is unfinished, and has what its stages reported until then', async () => {
    const lines = read(`artifacts/runs/${run}/events.ndjson`).split('\n');
    const events = lines.filter((line) => !/"type":"(stage|run)-finished"/.test(line));
    project.write(`artifacts/runs/${run}/events.ndjson`, events.join('\n'));
    await exported('json', 'out');
    const [first] = JSON.parse(read('out/runs.json'));
    expect(first).not.toHaveProperty('finished');
    expect(first.outcome).toBe('unfinished');
    expect(first.points).toContainEqual(
      expect.objectContaining({ metric: 'judge.progress/mean_score', step: 2, value: 75 }),
    );
  });
});

describe('a server of MLflow', () => {
  let server: MlflowServer;
  beforeEach(async () => {
    server = await startMlflowServer();
  });
  afterEach(() => server.close());

  it('gets an experiment for the pipeline, and each run once', async () => {
    const { code, stdout } = await exported('mlflow', `${server.url}/`);
    expect(code).toBe(0);
    expect(stdout.split('\n')[1]).toBe(`${server.url}/#/experiments/0/runs/run01  ${run} rate=0.2`);
    await exported('mlflow', server.url);
    expect([...server.experiments.keys()]).toEqual(['tracked']);
    const runs = server.experiments.get('tracked')!;
    expect(runs.map(({ info }) => info.run_name)).toEqual([`${run} rate=0.1`, `${run} rate=0.2`]);
    expect(runs[1]!.info).toMatchObject({ status: 'FINISHED', end_time: expect.any(Number) });
    expect(Object.fromEntries(runs[1]!.params)).toEqual({ 'model.name': 'a, b', rate: '0.2' });
    const losses = [...runs[1]!.metrics.get('train.history/train_loss')!];
    expect(losses.map((line) => line.replace(/ \d+$/, ''))).toEqual(['0 3.5', '10 0.2']);
  });

  it('that wants a login gets the one of its own client', async () => {
    server.authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    const { code, stderr } = await exported('mlflow', server.url);
    expect(code).toBe(2);
    expect(stderr).toContain('answered 401');
    expect(stderr).toContain('MLFLOW_TRACKING_TOKEN');
    const login = { MLFLOW_TRACKING_USERNAME: 'me', MLFLOW_TRACKING_PASSWORD: 'secret' };
    const args = ['export-runs', '--format', 'mlflow', '--to', server.url];
    expect((await project.pipe(args, login)).code).toBe(0);
    server.authorization = 'Bearer t0ken';
    expect((await project.pipe(args, { MLFLOW_TRACKING_TOKEN: 't0ken' })).code).toBe(0);
  });
});
