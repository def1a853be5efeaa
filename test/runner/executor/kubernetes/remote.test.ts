import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BINARY, digests, finished, outcomes, Project, parseEvents } from '../../../cli/rig.ts';
import { KubernetesServer } from '../../../servers/kubernetes-server.ts';
import { S3Server } from '../../../servers/s3-server.ts';

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
  project.write('bin/pipe', `#!/bin/sh\nexec node ${BINARY} "$@"\n`);
  // The program of jobs is found next to `pipe`, wherever a link leads.
  project.write('bin/job-host.cjs', `require(${JSON.stringify(join(dirname(BINARY), 'job-host.cjs'))});`);
  chmodSync(project.path('bin/pipe'), 0o755);
  cluster = await new KubernetesServer(`${project.path('bin')}${delimiter}${process.env.PATH}`).start();
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
});
