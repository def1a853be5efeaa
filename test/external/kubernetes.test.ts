import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchV1Api, CoreV1Api, KubeConfig, SchedulingV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digests, finished, outcomes, Project, parseEvents } from '../cli/rig.ts';

/*
 * Stages in a real cluster: not part of the ordinary tests, which have none.
 *
 *   KUBECONFIG=… PIPE_KUBERNETES_IMAGE=<image with pipe> TMPDIR=<folder that all nodes see> npm run check:kubernetes
 *
 * With PIPE_REMOTE=s3://BUCKET/PREFIX (and AWS_*) all of it is done twice: with the folder as the volume of pods, and through that store
 * alone. Pods then know nothing of the folder, and only count in it.
 *
 * PIPE_KUBERNETES_STAGES (200) and PIPE_KUBERNETES_KILLS (20) say how much is done. PIPE_KUBERNETES_STOP and
 * PIPE_KUBERNETES_START are commands that stop and start the API server; without them it is left alone. PIPE_KUBERNETES_CRASH is a command
 * after which the only node has crashed and is there again.
 */
const {
  PIPE_KUBERNETES_IMAGE: IMAGE = 'pipe',
  PIPE_KUBERNETES_STOP: STOP,
  PIPE_KUBERNETES_START: START,
  PIPE_KUBERNETES_CRASH: CRASH,
} = process.env;
const KUBECONFIG = process.env.KUBECONFIG ?? '';
const STAGES = Number(process.env.PIPE_KUBERNETES_STAGES ?? 200);
const KILLS = Number(process.env.PIPE_KUBERNETES_KILLS ?? 20);
const MANAGED = 'app.kubernetes.io/managed-by=pipe';
const namespace = 'default';
const STORE = ['PIPE_REMOTE', 'AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
const ofStore = Object.fromEntries(STORE.map((name) => [name, process.env[name] ?? '']));
const MODES = ofStore.PIPE_REMOTE === '' ? (['volume'] as const) : (['volume', 'remote'] as const);

const sweep = (folder: string) => `
schema: 1
name: sweep
params: { n: 0 }
stages:
  work:
    uses: command
    retries: 3
    with:
      run: "echo \${params.n} >> ${folder}/began; sleep 1; echo \${params.n} | sha256sum > out; echo \${params.n} >> ${folder}/ended"
      outputs: { out: out }
sweep: { n: { from: 1, to: ${STAGES}, step: 1 } }
`;

const alone = (fields: string, executor: string) => `
schema: 1
name: alone
stages:
  work:
    uses: command
    executor: ${executor}
    ${fields}
`;

/** A key to sign with. */
function newPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** Lines of a file -> how often each occurs. */
function counts(file: string): Map<string, number> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const found = new Map<string, number>();
  for (const line of lines) found.set(line, (found.get(line) ?? 0) + 1);
  return found;
}

describe.skipIf(KUBECONFIG === '').each(MODES)('stages in a real cluster: %s', (mode) => {
  const executor = (image = IMAGE) => {
    const meeting =
      mode === 'remote'
        ? 'remote: { credentials: pipe-check }'
        : `volume: { host_path: ${project.directory}, path: ${project.directory} }`;
    return `{ kind: kubernetes, image: ${image}, namespace: ${namespace}, ${meeting}, jobs: 20, secrets: { TOKEN: { name: pipe-check, key: token } } }`;
  };
  let project: Project;
  let core: CoreV1Api;
  let batch: BatchV1Api;
  const config = new KubeConfig();
  beforeAll(async () => {
    project = new Project({}, { KUBECONFIG, ...(mode === 'remote' && ofStore), PIPE_SIGNING_KEY: newPem() });
    config.loadFromDefault();
    core = config.makeApiClient(CoreV1Api);
    batch = config.makeApiClient(BatchV1Api);
    const body = { metadata: { name: 'pipe-check' }, stringData: { ...ofStore, token: 'tok-secret-1234' } };
    await core.createNamespacedSecret({ namespace, body }).catch(() => {});
  });
  afterAll(async () => {
    project.remove();
    await core.deleteNamespacedSecret({ namespace, name: 'pipe-check' });
  });

  const runAlone = (fields: string, image?: string) => {
    project.write('alone.yaml', alone(fields, executor(image)));
    return project.run(['alone.yaml']);
  };
  const errorOf = (events: Awaited<ReturnType<typeof runAlone>>['events']) =>
    events.flatMap((event) =>
      event.type === 'stage-finished' && event.error ? [event.error.message] : [],
    )[0];

  it('says that a stage was out of memory, took too long, or has an image that nobody has', async () => {
    const hungry = 'node -e "const a=[]; setInterval(() => a.push(Buffer.alloc(5e7, 1)), 20)"';
    const memory = await runAlone(
      `resources: { memory: 300MB }\n    with: { run: '${hungry}', outputs: { out: out } }`,
    );
    expect(errorOf(memory.events)).toContain('used more memory than its limit');
    const late = await runAlone(`timeout: 3s\n    with: { run: sleep 60, outputs: { out: out } }`);
    expect(errorOf(late.events)).toContain('took longer than its timeout');
    const image = await runAlone('with: { run: echo 1 > out, outputs: { out: out } }', 'missing');
    expect(errorOf(image.events)).toContain('cannot get the image missing');
    expect((await batch.listNamespacedJob({ namespace, labelSelector: MANAGED })).items).toEqual([]);
  }, 120_000);

  it('takes a secret from the cluster, and puts its value nowhere', async () => {
    const { events } = await runAlone(
      `secrets: [TOKEN]\n    with: { run: 'echo "got $TOKEN"; printf %s "$TOKEN" | wc -c > out', outputs: { out: out } }`,
    );
    expect(outcomes(events)).toEqual({ work: 'ran' });
    const files = readdirSync(project.path('artifacts'), { recursive: true, withFileTypes: true });
    const telling = files.filter(
      (file) =>
        file.isFile() && readFileSync(join(file.parentPath, file.name), 'latin1').includes('tok-secret'),
    );
    expect(telling.map(({ name }) => name)).toEqual([]);
  }, 60_000);

  it('cancels what waits and what runs, and leaves no Job', async () => {
    project.write('alone.yaml', alone(`with: { run: sleep 100, outputs: { out: out } }`, executor()));
    const child = project.start(['run', 'alone.yaml', '--json']);
    const ended = finished(child);
    await delay(3000);
    child.kill('SIGINT');
    expect(outcomes(parseEvents((await ended).stdout))).toEqual({ work: 'cancelled' });
    expect((await batch.listNamespacedJob({ namespace, labelSelector: MANAGED })).items).toEqual([]);
  }, 60_000);

  /** A stage that runs until its place was taken away once; `more` of it, and what takes the place away. */
  const displacedBy = async (more: string, takeAway: () => Promise<unknown>) => {
    const began = project.path(`began-${mode}-${Date.now()}`);
    const script = `echo x >> ${began}; [ $(wc -l < ${began}) -gt 1 ] || sleep 600; echo 1 > out`;
    project.write(
      'alone.yaml',
      alone(`${more}\n    with: { run: "${script}", outputs: { out: out } }`, executor()),
    );
    const ended = finished(project.start(['run', 'alone.yaml', '--json', '--force', 'work']));
    while (!existsSync(began)) await delay(200);
    await takeAway();
    const events = parseEvents((await ended).stdout);
    expect(outcomes(events)).toEqual({ work: 'ran' }); // there are no retries
    return events.flatMap((event) => (event.type === 'stage-displaced' ? [event.error] : []));
  };

  it('runs again if a pod that counts more takes its place', async () => {
    const scheduling = config.makeApiClient(SchedulingV1Api);
    const name = 'pipe-check-first';
    await scheduling.createPriorityClass({ body: { metadata: { name }, value: 1000 } }).catch(() => {});
    const requests = { cpu: '40' };
    const containers = [{ name: 'c', image: IMAGE, command: ['sleep', '5'], resources: { requests } }];
    const body = {
      metadata: { name },
      spec: { priorityClassName: name, restartPolicy: 'Never', containers, terminationGracePeriodSeconds: 1 },
    };
    const displaced = await displacedBy('resources: { cpu: 40 }', async () => {
      await core.createNamespacedPod({ namespace, body });
    });
    await core.deleteNamespacedPod({ namespace, name });
    await scheduling.deletePriorityClass({ name });
    expect(displaced).toHaveLength(1);
    expect(displaced[0]).toMatch(/preempt|disrupt|asked to stop/i);
  }, 120_000);

  it.skipIf(CRASH === undefined)(
    'runs again if its node crashes',
    async () => {
      const displaced = await displacedBy('', async () =>
        execFileSync('sh', ['-c', CRASH!], { stdio: 'ignore' }),
      );
      expect(displaced).toEqual([expect.stringContaining('NodeLost')]);
    },
    120_000,
  );

  it(`does ${STAGES} stages once each, while runners are killed, pods evicted and the cluster is away`, async () => {
    const folder = project.directory;
    project.write('sweep.yaml', `${sweep(folder)}executor: ${executor()}\n`);
    let killed = 0;
    let evicted = 0;
    let adopted = 0;
    let over = false;
    const evicting = (async () => {
      while (!over) {
        await delay(3000 + 3000 * Math.random());
        try {
          const { items } = await core.listNamespacedPod({ namespace, labelSelector: MANAGED });
          const running = items.filter(({ status }) => status?.phase === 'Running');
          const name = running[Math.floor(Math.random() * running.length)]?.metadata?.name;
          if (name === undefined) continue;
          await core.createNamespacedPodEviction({
            namespace,
            name,
            body: { metadata: { name, namespace } },
          });
          evicted++;
        } catch {
          // the API server is away, or the pod has ended
        }
      }
    })();
    const interrupting = (async () => {
      if (STOP === undefined || START === undefined) return 0;
      for (let times = 1; ; times++) {
        for (let waited = 0; waited < 20_000 && !over; waited += 500) await delay(500);
        if (over) return times - 1;
        execFileSync('sh', ['-c', STOP]);
        await delay(6000);
        execFileSync('sh', ['-c', START], { stdio: 'ignore' });
      }
    })();
    let code: number | null = 1;
    let events: ReturnType<typeof parseEvents> = [];
    while (code !== 0) {
      const child = project.start(['run', 'sweep.yaml', '--json', '--no-preflight']);
      const ended = finished(child);
      const kills = killed < KILLS;
      if (kills) {
        await Promise.race([once(child, 'exit'), delay(1000 + 5000 * Math.random())]);
        if (child.exitCode === null) {
          child.kill('SIGKILL');
          killed++;
        }
      }
      const result = await ended;
      code = result.code;
      events = parseEvents(result.stdout);
      adopted += events.filter((event) => event.type === 'stage-started' && event.adopted).length;
      if (!kills && code !== 0) throw new Error(`${result.stdout.slice(-3000)}${result.stderr}`);
    }
    over = true;
    await evicting;
    const interrupted = await interrupting;
    const began = counts(project.path('began'));
    const ended = counts(project.path('ended'));
    const times = (map: Map<string, number>) => [...map.values()].reduce((sum, count) => sum + count, 0);
    console.log({
      mode,
      STAGES,
      killed,
      evicted,
      interrupted,
      adopted,
      began: times(began),
      ended: times(ended),
    });
    expect(ended.size).toBe(STAGES);
    // Only what was evicted began again.
    expect(times(began) - STAGES).toBeLessThanOrEqual(evicted);
    const here = new Project({});
    here.write('sweep.yaml', sweep(here.directory));
    const local = await here.run(['sweep.yaml']);
    expect(digests((await project.run(['sweep.yaml'])).events)).toEqual(digests(local.events));
    here.remove();
    // A runner that is killed between a result and the end of its Job leaves that to the cluster.
    const { items } = await batch.listNamespacedJob({ namespace, labelSelector: MANAGED });
    expect(items.filter(({ status }) => status?.completionTime === undefined)).toEqual([]);
  }, 1_800_000);
});
