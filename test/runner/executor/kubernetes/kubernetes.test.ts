import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BINARY, finished, outcomes, Project, parseEvents } from '../../../cli/rig.ts';
import { KubernetesServer, podOf } from '../../../servers/kubernetes-server.ts';

let cluster: KubernetesServer;
let project: Project;
beforeEach(async () => {
  project = new Project();
  project.write('bin/pipe', `#!/bin/sh\nexec node ${BINARY} "$@"\n`);
  // The host is found next to the program, wherever a link leads.
  project.write('bin/stage-host.cjs', `require(${JSON.stringify(join(dirname(BINARY), 'stage-host.cjs'))});`);
  chmodSync(project.path('bin/pipe'), 0o755);
  cluster = await new KubernetesServer(`${project.path('bin')}${delimiter}${process.env.PATH}`).start();
  project.write('kubeconfig', cluster.kubeconfig);
});
afterEach(async () => {
  await cluster.close();
  project.remove();
});

/** A pipeline with one stage, `work`, on the cluster. */
const pipeline = (fields: string, executor = '') =>
  project.write(
    'p.yaml',
    `schema: 1
name: p
executor: { kind: kubernetes, image: lab/pipe, volume: { host_path: ${project.directory}, path: ${project.directory} }${executor} }
stages:
  work:
    uses: command
    ${fields}
`,
  );
const environment = (more: Record<string, string> = {}) => ({
  KUBECONFIG: project.path('kubeconfig'),
  ...more,
});
const run = (more?: Record<string, string>, ...args: string[]) =>
  project.run(['p.yaml', ...args], environment(more));
const start = () => project.start(['run', 'p.yaml', '--json'], environment());
const count = (file: string) =>
  existsSync(project.path(file)) ? readFileSync(project.path(file), 'utf8').split('\n').length - 1 : 0;
const filesOf = (folder: string) =>
  existsSync(project.path(folder))
    ? readdirSync(project.path(folder), { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
    : [];
const until = async (holds: () => boolean) => {
  while (!holds()) await delay(50);
};
/** Whether an attempt says that it is about to be handed in; other folders come and go meanwhile. */
const isBeingHandedIn = () => {
  const work = project.path('artifacts/work');
  const below = (folder: string) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return below(work)
    .flatMap(below)
    .some((attempt) => existsSync(join(attempt, 'submission.json')));
};
/** A script that counts its executions, and ends when there is a file `go`. */
const waiting = () =>
  `with: { run: "echo x >> ${project.path('began')}; until [ -e ${project.path('go')} ]; do sleep 0.05; done; echo 1 > out", outputs: { out: out } }`;

describe('a stage that is a Job', () => {
  it('runs in a pod, gives its result, and leaves no Job', async () => {
    pipeline('with: { run: "echo 1 > out; pwd", outputs: { out: out } }');
    const { events } = await run();
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(cluster.created).toHaveLength(1);
    expect([...cluster.jobs.keys()]).toEqual([]);
    expect((await run()).events.filter(({ type }) => type === 'stage-started')).toEqual([]);
  });

  it('sees the variables that it declares as they are, and none of the machine of the runner', async () => {
    pipeline(
      'env: { PRICE: "$$5 $(HOME)" }\n    pass: [PROXY]\n    with: { run: "env > out", outputs: { out: out } }',
      ', env: { REGION: north }',
    );
    await run({ PROXY: 'p', OTHER: 'private' });
    const [pod] = cluster.created.map(podOf);
    expect(JSON.stringify(pod)).not.toContain('private');
    const { stdout } = await project.pipe(['cat', 'p.yaml', 'work.out'], environment());
    expect(stdout).toContain('PRICE=$$5 $(HOME)\n');
    expect(stdout).toContain('PROXY=p\n');
    expect(stdout).toContain('REGION=north\n');
    expect(stdout).not.toContain('KUBECONFIG');
  });

  it('gets a secret from the cluster: its value is in no Job and no file', async () => {
    cluster.secrets.token = 'tok-secret-1234';
    pipeline(
      'secrets: [TOKEN]\n    with: { run: \'echo "$TOKEN"; printf %s "$TOKEN" | wc -c > out\', outputs: { out: out } }',
      ', secrets: { TOKEN: { name: lab, key: token } }',
    );
    expect(outcomes((await run()).events)).toEqual({ work: 'ran' });
    expect(JSON.stringify(cluster.created)).not.toContain('tok-secret');
    const telling = filesOf('artifacts').filter((file) =>
      readFileSync(join(file.parentPath, file.name), 'latin1').includes('tok-secret'),
    );
    expect(telling.map(({ name }) => name)).toEqual([]);
  });

  it('is not handed in if the cluster does not keep its secret, or takes no Jobs of this user', async () => {
    cluster.allows = false;
    pipeline('secrets: [TOKEN]\n    with: { run: echo 1 > out, outputs: { out: out } }');
    const problems = (await run()).events.flatMap((event) =>
      event.type === 'preflight-failed' ? event.problems.map(({ message }) => message) : [],
    );
    expect(problems).toEqual([
      `you may not create jobs in the namespace lab of ${cluster.url}`,
      'the executor does not say where the cluster keeps the secret TOKEN',
    ]);
    expect(cluster.created).toEqual([]);
  });

  it('is handed in once if the answer is lost on the way', async () => {
    cluster.breaksNext = true;
    pipeline(waiting());
    project.write('go', '');
    expect(outcomes((await run()).events)).toEqual({ work: 'ran' });
    expect(count('began')).toBe(1);
  });

  it('goes on when its runner is killed, and the next run takes it over', async () => {
    pipeline(waiting());
    const first = start();
    await until(() => count('began') === 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const second = finished(start());
    await delay(1000);
    project.write('go', '');
    const events = parseEvents((await second).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'stage-started', adopted: true }));
    expect(count('began')).toBe(1);
    expect([...cluster.jobs.keys()]).toEqual([]);
  });

  it('never begins if its runner died before the cluster had it', async () => {
    cluster.away = true;
    pipeline(waiting());
    project.write('go', '');
    const first = project.start(['run', 'p.yaml', '--json', '--no-preflight'], environment());
    await until(() => isBeingHandedIn());
    first.kill('SIGKILL');
    await once(first, 'exit');
    cluster.away = false;
    expect(outcomes((await run()).events)).toEqual({ work: 'ran' });
    expect(count('began')).toBe(1);
  });

  it('does not fail if its runner died before the cluster had it, and the next one cannot ask either', async () => {
    cluster.away = true;
    pipeline(waiting());
    project.write('go', '');
    const runAway = () => project.start(['run', 'p.yaml', '--json', '--no-preflight'], environment());
    const first = runAway();
    await until(() => isBeingHandedIn());
    first.kill('SIGKILL');
    await once(first, 'exit');
    const second = runAway();
    let told = '';
    second.stdout?.on('data', (text) => {
      told += text;
    });
    const running = finished(second);
    await until(() => told.includes('"adopted":true'));
    cluster.away = false;
    const events = parseEvents((await running).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'stage-displaced',
        error: expect.stringContaining('the cluster never had pipe-work-'),
      }),
    );
    expect(count('began')).toBe(1);
  });

  it('is done if it was finished before its pod went, while the next runner asks for it', async () => {
    pipeline(waiting());
    const first = start();
    await until(() => count('began') === 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    cluster.meanwhile = async () => {
      project.write('go', '');
      await until(() => filesOf('artifacts/work').some(({ name }) => name === 'result.json'));
      await until(() => [...cluster.pods.values()].every(({ pod }) => pod.status?.phase === 'Succeeded'));
      cluster.evict();
      cluster.meanwhile = async () => {};
    };
    expect(outcomes((await run()).events)).toEqual({ work: 'ran' });
    expect(count('began')).toBe(1);
  });

  it('runs again if it is evicted, and that is no failure', async () => {
    pipeline(waiting());
    const running = finished(start());
    await until(() => count('began') === 1);
    cluster.evict();
    await until(() => count('began') === 2);
    project.write('go', '');
    const events = parseEvents((await running).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'stage-displaced',
        error: expect.stringContaining('EvictionByEvictionAPI'),
      }),
    );
  });

  it('goes on while the cluster cannot be reached, which is told once', async () => {
    pipeline(waiting());
    const running = finished(start());
    await until(() => count('began') === 1);
    cluster.away = true;
    project.write('go', '');
    await delay(4000);
    cluster.away = false;
    const events = parseEvents((await running).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' });
    expect(events.filter((event) => JSON.stringify(event).includes('cannot be reached'))).toHaveLength(1);
    expect(count('began')).toBe(1);
  });

  it('fails at once if nobody has its image', async () => {
    pipeline('with: { run: echo 1 > out, outputs: { out: out } }');
    project.write('p.yaml', readFileSync(project.path('p.yaml'), 'utf8').replace('lab/pipe', 'missing'));
    const { events } = await run();
    expect(events).toContainEqual(
      expect.objectContaining({
        outcome: 'failed',
        error: expect.objectContaining({
          message: 'the cluster cannot get the image missing (ErrImagePull: no such image)',
        }),
      }),
    );
    expect([...cluster.jobs.keys()]).toEqual([]);
  });

  it('says what it waits for, and is cancelled while it waits', async () => {
    cluster.isFull = true;
    pipeline('with: { run: echo 1 > out, outputs: { out: out } }');
    const child = start();
    const running = finished(child);
    await until(() => cluster.created.length === 1);
    await delay(2000);
    child.kill('SIGINT');
    const events = parseEvents((await running).stdout);
    expect(outcomes(events)).toEqual({ work: 'cancelled' });
    expect(JSON.stringify(events)).toContain('1 Insufficient nvidia.com/gpu.');
    expect([...cluster.jobs.keys()]).toEqual([]);
  });

  it('gives no result of an image whose pipe has another version of the stage type', async () => {
    const host = readFileSync(project.path('bin/stage-host.cjs'), 'utf8');
    // As if this program were the other one: what it is asked for is not what it has.
    project.write(
      'bin/stage-host.cjs',
      `const fs = require('fs'); const spec = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
       fs.writeFileSync(process.argv[2], JSON.stringify({ ...spec, version: 'of tomorrow' })); ${host}`,
    );
    pipeline('with: { run: echo 1 > out, outputs: { out: out } }');
    const { events } = await run();
    expect(outcomes(events)).toEqual({ work: 'failed' });
    expect(JSON.stringify(events)).toContain('counts on version of tomorrow');
  });

  it('says where it looked for a kubeconfig if there is none', async () => {
    pipeline('with: { run: echo 1 > out, outputs: { out: out } }');
    const { events } = await project.run(['p.yaml'], { HOME: project.path('home') });
    const problems = events.flatMap((event) => (event.type === 'preflight-failed' ? event.problems : []));
    expect(problems).toEqual([
      expect.objectContaining({
        message: expect.stringContaining(`KUBECONFIG is not set, ${project.path('home/.kube/config')}`),
        hint: expect.stringContaining('kubectl get jobs'),
      }),
    ]);
  });

  it('says that the image has no pipe', async () => {
    cluster.programs = '/usr/bin:/bin';
    pipeline('with: { run: echo 1 > out, outputs: { out: out } }');
    expect(JSON.stringify((await run()).events)).toContain('the image has no program `pipe`');
  });

  it('fails if the artifacts folder is not on the volume', async () => {
    pipeline('with: { run: echo 1 > out, outputs: { out: out } }');
    const text = readFileSync(project.path('p.yaml'), 'utf8').replace(/path: \S+ \}/, 'path: /elsewhere }');
    project.write('p.yaml', text);
    expect(JSON.stringify((await run()).events)).toContain('the artifacts folder is not on the volume');
    expect(cluster.created).toEqual([]);
  });
});
