import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digests, finished, outcomes, Project, parseEvents } from '../../../cli/rig.ts';
import { KubernetesServer } from '../../../servers/kubernetes-server.ts';
import { S3Server } from '../../../servers/s3-server.ts';
import { programOfPods } from './program-of-pods.ts';

/*
 * Stages as Jobs of a cluster that shares nothing with the runner but a store. Pods are processes with a folder of their own.
 */
const BUCKET = 'lab';
const SECRET = 'store-secret-5678';

let store: S3Server;
let cluster: KubernetesServer;
let project: Project;
beforeAll(async () => {
  store = await S3Server.start();
});
afterAll(() => store.close());
beforeEach(async () => {
  store.objects.clear();
  store.instead = () => false;
  project = new Project({ 'home/x': '' });
  cluster = await new KubernetesServer(programOfPods(project)).start();
  cluster.secrets.AWS_ACCESS_KEY_ID = 'pods';
  cluster.secrets.AWS_SECRET_ACCESS_KEY = SECRET;
  project.write('kubeconfig', cluster.kubeconfig);
  await project.pipe(['trust', 'create', '--name', 'me'], environment());
});
afterEach(async () => {
  await cluster.close();
  project.remove();
});

const environment = (more: Record<string, string> = {}) => ({
  KUBECONFIG: project.path('kubeconfig'),
  XDG_CONFIG_HOME: project.path('home'),
  AWS_ENDPOINT_URL: store.url,
  AWS_ACCESS_KEY_ID: 'runner',
  AWS_SECRET_ACCESS_KEY: 'runner-secret',
  PIPE_REMOTE: `s3://${BUCKET}/cache`,
  ...more,
});
const EXECUTOR = 'executor: { kind: kubernetes, image: lab/pipe, remote: { credentials: store } }';
const pipeline = (stages: string, executor = EXECUTOR) =>
  project.write('p.yaml', `schema: 1\nname: p\n${executor}\nstages:\n${stages}`);
const alone = (fields: string) => pipeline(`  work:\n    uses: command\n    ${fields}\n`);
const run = (more?: Record<string, string>, ...args: string[]) =>
  project.run(['p.yaml', ...args], environment(more));
const start = (...args: string[]) => project.start(['run', 'p.yaml', '--json', ...args], environment());
const count = (file: string) =>
  existsSync(project.path(file)) ? readFileSync(project.path(file), 'utf8').split('\n').length - 1 : 0;
const until = async (holds: () => boolean) => {
  while (!holds()) await delay(50);
};
const filesBelow = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];
const errorsOf = (events: Awaited<ReturnType<typeof run>>['events']) =>
  events.flatMap((event) => (event.type === 'stage-finished' && event.error ? [event.error] : []));
/** A script that counts its executions, and ends when there is a file `go`. */
const waiting = () =>
  `with: { run: "echo x >> ${project.path('began')}; until [ -e ${project.path('go')} ]; do sleep 0.05; done; echo 1 > out", outputs: { out: out } }`;

const TWO = `  make:
    uses: command
    inputs: { words: { file: ./words } }
    with:
      run: "mkdir -p out/deep/empty; sort inputs/words > out/sorted; printf '#!/bin/sh\\\\necho hi\\\\n' > out/deep/say; chmod +x out/deep/say; seq 300000 > large"
      outputs: { folder: { path: out, artifact: directory }, large: large }
  use:
    uses: command
    inputs: { folder: make.folder, large: make.large }
    with: { run: "(inputs/folder/deep/say; cat inputs/folder/sorted; tail -1 inputs/large; ls -d inputs/folder/deep/*) > out", outputs: { out: out } }
`;

describe('a stage that is a Job and shares only a store with its runner', () => {
  it('fetches its inputs, and gives the result that this machine gives', async () => {
    project.write('words', 'pear\napple\n');
    pipeline(TWO);
    const { events } = await run();
    expect(outcomes(events)).toEqual({ make: 'ran', use: 'ran' });
    expect([...cluster.jobs.keys()]).toEqual([]);
    pipeline(TWO, '');
    const here = await project.run(['p.yaml', '--artifacts', 'other'], environment({ PIPE_REMOTE: '' }));
    expect(digests(events)).toEqual(digests(here.events));
  });

  it('brings of the results only what is read here', async () => {
    project.write('words', 'pear\napple\n');
    pipeline(TWO);
    const made = digests((await run()).events)['make.large']!;
    const object = project.path('artifacts/cache/objects', made.slice(0, 2), made.slice(2));
    expect(existsSync(object)).toBe(false);
    const { stdout } = await project.pipe(['cat', 'p.yaml', 'make.large'], environment());
    expect(stdout.endsWith('\n300000\n')).toBe(true);
    expect((await run()).events.filter(({ type }) => type === 'stage-started')).toEqual([]);
  });

  it('runs the code of an own stage, with its metrics, warnings and what it prints', async () => {
    project.write('words', 'pear\napple\n');
    project.write(
      'letters.ts',
      "export const letters = (text: string) => text.replace(/\\s/g, '').length;\n",
    );
    project.write(
      'count.ts',
      `import { readFileSync, writeFileSync } from 'node:fs';
import { defineStage } from '@pipe-ml/pipe/stage';
import { letters } from './letters.ts';
export default defineStage({
  apiVersion: 1,
  summary: 'Counts letters.',
  inputs: { words: { artifact: 'file', description: 'Words.' } },
  outputs: { count: { artifact: 'file', description: 'Their letters.' } },
  metrics: { letters: { unit: 'letters', better: 'higher' } },
  async run({ inputs, outputs, metric, warn }) {
    const count = letters(readFileSync(inputs.words!.path, 'utf8'));
    metric('letters', count);
    warn('only a few words');
    console.log('pipe-event 0 {"time":1,"type":"metric","name":"forged","value":1}');
    writeFileSync(outputs.count!, String(count));
  },
});
`,
    );
    pipeline('  work: { uses: ./count.ts, inputs: { words: { file: ./words } } }\n');
    const { events, stderr } = await run();
    expect(outcomes(events), stderr + JSON.stringify(errorsOf(events))).toEqual({ work: 'ran' });
    const text = JSON.stringify(events);
    expect(text).toContain('only a few words');
    expect(text).not.toContain('forged');
    expect(events).toContainEqual(expect.objectContaining({ name: 'letters', value: 9 }));
    const [log] = filesBelow(project.path('artifacts/runs')).filter((file) => file.endsWith('.log'));
    expect(readFileSync(log!, 'utf8')).toContain('pipe-event 0');
  });

  it('gets secrets and the credentials of the store from the cluster: their values are nowhere', async () => {
    cluster.secrets.token = 'tok-secret-1234';
    pipeline(
      `  work:
    uses: command
    secrets: [TOKEN]
    with: { run: 'echo "$TOKEN"; env | sort > out; printf %s "$TOKEN" | wc -c', outputs: { out: out } }
`,
      'executor: { kind: kubernetes, image: lab/pipe, remote: { credentials: store }, secrets: { TOKEN: { name: lab, key: token } } }',
    );
    expect(outcomes((await run()).events)).toEqual({ work: 'ran' });
    const { stdout } = await project.pipe(['cat', 'p.yaml', 'work.out'], environment());
    expect(stdout).not.toContain(SECRET); // the stage is not given what opens the store
    expect(stdout).not.toContain('PIPE_JOB');
    const seen = [
      JSON.stringify(cluster.created),
      ...cluster.logs.values(),
      ...[...store.objects.values()].map((bytes) =>
        bytes.toString('latin1').replace('TOKEN=tok-secret-1234', ''),
      ),
      ...filesBelow(project.path('artifacts')).map((file) =>
        readFileSync(file, 'latin1').replaceAll('TOKEN=tok-secret-1234', ''),
      ),
    ].join('\n');
    for (const secret of [SECRET, 'runner-secret', 'tok-secret']) expect(seen).not.toContain(secret);
  });

  it('shows what it prints and how far it is while it runs', async () => {
    alone(
      `with: { run: "echo first; until [ -e ${project.path('go')} ]; do sleep 0.05; done; echo last; echo 1 > out", outputs: { out: out } }`,
    );
    const running = finished(start());
    const log = () => filesBelow(project.path('artifacts/runs')).find((file) => file.endsWith('.log'));
    await until(() => log() !== undefined && readFileSync(log()!, 'utf8') === 'first\n');
    project.write('go', '');
    expect(outcomes(parseEvents((await running).stdout))).toEqual({ work: 'ran' });
    expect(readFileSync(log()!, 'utf8')).toBe('first\nlast\n');
  });

  it('goes on when its runner is killed, and the next run takes it over', async () => {
    alone(waiting());
    const first = start();
    await until(() => count('began') === 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const second = finished(start());
    await delay(1500);
    project.write('go', '');
    const events = parseEvents((await second).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'stage-started', adopted: true }));
    expect(count('began')).toBe(1);
    expect([...cluster.jobs.keys()]).toEqual([]);
  });

  it('never begins if its runner died before the cluster had it', async () => {
    cluster.away = true;
    alone(waiting());
    project.write('go', '');
    const first = start('--no-preflight');
    await until(() =>
      filesBelow(project.path('artifacts/work')).some((file) => file.endsWith('submission.json')),
    );
    first.kill('SIGKILL');
    await once(first, 'exit');
    cluster.away = false;
    expect(outcomes((await run()).events)).toEqual({ work: 'ran' });
    expect(count('began')).toBe(1);
  });

  it('can be run here when its store is not there any more', async () => {
    alone(waiting());
    const first = start();
    await until(() => count('began') === 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    project.write('go', '');
    project.write('p.yaml', readFileSync(project.path('p.yaml'), 'utf8').replace(EXECUTOR, ''));
    expect(outcomes((await run({ PIPE_REMOTE: '' })).events)).toEqual({ work: 'ran' });
    expect([...cluster.jobs.keys()]).toEqual([]);
  });

  it('is found when it ended while no runner looked', async () => {
    alone(waiting());
    const first = start();
    await until(() => count('began') === 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    project.write('go', '');
    await until(() => [...cluster.pods.values()].every(({ pod }) => pod.status?.phase === 'Succeeded'));
    const { events } = await run();
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(count('began')).toBe(1);
  });

  it('runs again if its pod is gone, and with it the way to what it gave', async () => {
    alone(waiting());
    const running = finished(start());
    await until(() => count('began') === 1);
    cluster.jobs.clear();
    cluster.forget();
    await until(() => count('began') === 2);
    project.write('go', '');
    const events = parseEvents((await running).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'stage-displaced', error: expect.stringContaining('pod is gone') }),
    );
  }, 60_000);

  it('runs again if it is evicted, and that is no failure', async () => {
    alone(waiting());
    const running = finished(start());
    await until(() => count('began') === 1);
    cluster.evict();
    await until(() => count('began') === 2);
    project.write('go', '');
    const events = parseEvents((await running).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(events.filter(({ type }) => type === 'stage-displaced')).toHaveLength(1);
  });

  it('never begins twice, if the cluster starts its job again', async () => {
    alone(waiting());
    const running = finished(start());
    await until(() => count('began') === 1);
    const again = cluster.startAgain();
    await until(() => again.exitCode !== null);
    expect(again.exitCode).toBe(81);
    project.write('go', '');
    expect(outcomes(parseEvents((await running).stdout))).toEqual({ work: 'ran' });
    expect(count('began')).toBe(1);
  });

  it('stops on Ctrl-C: the stage is asked first, and no Job is left', async () => {
    alone(
      `with: { run: "trap 'echo x >> ${project.path('asked')}; exit 1' TERM; echo x >> ${project.path('began')}; while :; do sleep 0.05; done", outputs: { out: out } }`,
    );
    const child = start();
    const ended = finished(child);
    await until(() => count('began') === 1);
    child.kill('SIGINT');
    expect(outcomes(parseEvents((await ended).stdout))).toEqual({ work: 'cancelled' });
    expect(count('asked')).toBe(1);
    expect([...cluster.jobs.keys()]).toEqual([]);
  }, 60_000);

  it('waits for the store while that is away, before and after the work', async () => {
    alone(waiting());
    let away = true;
    store.instead = (_, response) => {
      if (away) response.writeHead(503).end();
      return away;
    };
    const running = finished(start());
    await delay(4000);
    expect(cluster.created).toEqual([]);
    away = false;
    await until(() => count('began') === 1);
    away = true;
    project.write('go', '');
    await delay(4000);
    away = false;
    const events = parseEvents((await running).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(count('began')).toBe(1);
    const waits = events.flatMap((event) => (event.type === 'stage-place' ? [event.message] : []));
    expect(waits.join('\n')).toContain(`s3://${BUCKET}/cache cannot be reached; waiting for it`);
  }, 60_000);

  it('says what it lacks before anything is handed in', async () => {
    const problemsOf = async (more: Record<string, string>, ...args: string[]) =>
      (await run(more, ...args)).events.flatMap((event) =>
        event.type === 'preflight-failed' ? event.problems.map(({ message }) => message) : [],
      );
    alone('with: { run: echo 1 > out, outputs: { out: out } }');
    expect(await problemsOf({ PIPE_REMOTE: '' })).toEqual([
      'an executor with `remote` needs the remote cache of the run, and there is none',
    ]);
    expect(await problemsOf({}, '--no-upload')).toEqual([
      `an executor with \`remote\` has to upload, and this run only reads s3://${BUCKET}/cache`,
    ]);
    expect(await problemsOf({ PIPE_REMOTE: `file://${project.path('home')}` })).toEqual([
      `pods do not see file://${project.path('home')}`,
    ]);
    pipeline(
      '  work: { uses: command, with: { run: echo 1 > out, outputs: { out: out } } }\n',
      'executor: { kind: kubernetes, image: lab/pipe }',
    );
    expect(await problemsOf({})).toEqual([
      'an executor of the kind kubernetes has either `volume` or `remote`',
    ]);
    expect(cluster.created).toEqual([]);
  }, 60_000);

  it('fails with the words of its pod if that cannot open the store', async () => {
    cluster.secrets.AWS_SECRET_ACCESS_KEY = '';
    alone('with: { run: echo 1 > out, outputs: { out: out } }');
    const [error] = errorsOf((await run()).events);
    expect(error).toMatchObject({ message: expect.stringContaining('there are no credentials for') });
  });

  it('fails as here, with its log, if the stage fails, writes no output or dies', async () => {
    alone('with: { run: "echo so it goes; exit 3", outputs: { out: out } }');
    const failing = await run();
    expect(JSON.stringify(errorsOf(failing.events))).toContain('3');
    const [log] = filesBelow(project.path('artifacts/runs')).filter((file) => file.endsWith('.log'));
    expect(readFileSync(log!, 'utf8')).toContain('so it goes');
    alone('with: { run: "true", outputs: { out: out } }');
    expect(JSON.stringify(errorsOf((await run()).events))).toContain('without writing');
    alone('with: { run: "kill -9 $PPID", outputs: { out: out } }');
    expect(JSON.stringify(errorsOf((await run()).events))).toContain('SIGKILL');
  }, 60_000);
});
