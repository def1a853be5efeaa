import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOfBytes } from '../../../../src/files/digest.ts';
import type { RunEvent } from '../../../../src/runner/events/run-event.ts';
import { digests, outcomes, Project } from '../../../cli/rig.ts';
import { Random } from '../../../faults/seeded.ts';
import { KubernetesServer } from '../../../servers/kubernetes-server.ts';
import { S3Server } from '../../../servers/s3-server.ts';
import { programOfPods } from './program-of-pods.ts';

/*
 * Somebody may write whatever he likes into the bucket through which runner and pods meet, and has no rights on the cluster. What a
 * stage gives is what it gives on this machine, or it fails and names what was refused. `npm run attack` makes more attempts.
 */
const ATTEMPTS = Math.min(200, Math.ceil(Number(process.env.PIPE_ATTACKS ?? 200) / 25));

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
  project = new Project({ 'home/x': '', words: 'pear\napple\n' });
  cluster = await new KubernetesServer(programOfPods(project)).start();
  Object.assign(cluster.secrets, { AWS_ACCESS_KEY_ID: 'pods', AWS_SECRET_ACCESS_KEY: 'key' });
  project.write('kubeconfig', cluster.kubeconfig);
  project.write('p.yaml', pipeline('n'));
  await project.pipe(['trust', 'create', '--name', 'me'], environment());
});
afterEach(async () => {
  await cluster.close();
  project.remove();
});

const pipeline = (word: string, fields = '') => `schema: 1
name: p
executor: { kind: kubernetes, image: lab/pipe, remote: { credentials: store } }
stages:
  work:
    uses: command
    inputs: { words: { file: ./words } }
    ${fields}
    with: { run: "(sort inputs/words; echo ${word}) > out", outputs: { out: out } }
`;
const environment = () => ({
  KUBECONFIG: project.path('kubeconfig'),
  XDG_CONFIG_HOME: project.path('home'),
  AWS_ENDPOINT_URL: store.url,
  AWS_ACCESS_KEY_ID: 'runner',
  AWS_SECRET_ACCESS_KEY: 'runner-secret',
  PIPE_REMOTE: 's3://lab/cache',
});
const run = (...args: string[]) => project.run(['p.yaml', ...args], environment());
const errorOf = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'stage-finished' && event.error ? [event.error.message] : []))[0];
const RIGHT = digestOfBytes('apple\npear\nn\n');

const named = (digest: string) => `lab/cache/cas/${digest}`;
const isOrder = (bytes: Buffer) => bytes.toString().includes('"toBring"');
const isOutcome = (bytes: Buffer) => bytes.toString().startsWith('{"outcome":1');
/** Answers what is read of the store with what an attacker has put there; undefined leaves it as it is. */
const serve = (forged: (bytes: Buffer) => Buffer | undefined) => {
  let times = 0;
  store.instead = ({ method, url = '' }, response) => {
    const bytes = store.objects.get(decodeURIComponent(new URL(url, store.url).pathname.slice(1)));
    const other = method === 'GET' && url.includes('/cas/') && bytes ? forged(bytes) : undefined;
    if (other === undefined) return false;
    times++;
    response.writeHead(200, { 'content-length': other.length }).end(other);
    return true;
  };
  return () => times;
};
const swapped = (bytes: Buffer) => {
  const other = Buffer.from(bytes);
  other[other.length >> 1]! ^= 1;
  return other;
};

describe('an attacker who may write to the bucket', () => {
  it.each([
    ['swaps a byte', swapped],
    ['cuts it short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 2)],
    ['lets it grow', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ['empties it', () => Buffer.alloc(0)],
  ])(
    '%s: no order, input or outcome is used',
    async (_, forge) => {
      for (const isTarget of [isOrder, isOutcome, (bytes: Buffer) => bytes.toString() === 'pear\napple\n']) {
        const times = serve((bytes) => (isTarget(bytes) ? forge(bytes) : undefined));
        const { events } = await run();
        expect(outcomes(events)).toEqual({ work: 'failed' });
        expect(errorOf(events)).toContain('its bytes do not have its digest');
        expect(times()).toBeGreaterThan(0);
      }
      store.instead = () => false;
      expect(digests((await run()).events)).toEqual({ 'work.out': RIGHT });
    },
    60_000,
  );

  it('replays the outcome of another attempt: it is of another order', async () => {
    project.write('p.yaml', pipeline('other'));
    await run();
    const [other] = [...store.objects.values()].filter(isOutcome);
    project.write('p.yaml', pipeline('n'));
    serve((bytes) => (isOutcome(bytes) && bytes !== other ? other : undefined));
    expect(errorOf((await run()).events)).toContain('its bytes do not have its digest');
    store.instead = () => false;
    // Not even who may also write into the status of pods has one attempt pass for another.
    cluster.message = () =>
      JSON.stringify({ outcome: { digest: digestOfBytes(other!), bytes: other!.length } });
    expect(errorOf((await run()).events)).toContain('it is the outcome of another order');
    cluster.message = (text) => text;
    expect(digests((await run()).events)).toEqual({ 'work.out': RIGHT });
  }, 60_000);

  it('writes a result of his own: nobody looks for one that no pod has named', async () => {
    const forged = JSON.stringify({
      outcome: 1,
      result: { result: 1, status: 'done', observed: {}, facts: {} },
    });
    store.objects.set(named(digestOfBytes(forged)), Buffer.from(forged));
    const claim = store.instead;
    store.instead = (request, response) => {
      const job = /\/jobs\/([^/]+)\/started/.exec(request.url ?? '')?.[1];
      if (job !== undefined) store.objects.set(`lab/cache/jobs/${job}/result`, Buffer.from(forged));
      return claim(request, response);
    };
    expect(digests((await run()).events)).toEqual({ 'work.out': RIGHT });
  });

  it('damages an input that is there already: it is sent again for the next try', async () => {
    const input = named(digestOfBytes('pear\napple\n'));
    store.objects.set(input, Buffer.from('pear\nApple\n'));
    project.write('p.yaml', pipeline('n', 'retries: 1'));
    const { events } = await run();
    expect(digests(events)).toEqual({ 'work.out': RIGHT });
    expect(store.objects.get(input)!.toString()).toBe('pear\napple\n');
    expect(JSON.stringify(events.filter(({ type }) => type === 'stage-retrying'))).toContain(
      digestOfBytes('pear\napple\n'),
    );
  });

  it('swaps an output after the work: who reads it is not given it', async () => {
    const large = 'seq 30000 > out';
    project.write('p.yaml', pipeline('n').replace('(sort inputs/words; echo n) > out', large));
    const [made] = Object.values(digests((await run()).events));
    store.objects.set(named(made!), swapped(store.objects.get(named(made!))!));
    const cat = await project.pipe(['cat', 'p.yaml', 'work.out'], environment());
    expect(cat.stdout).toBe('');
    expect(cat.stderr).toContain('its bytes do not have its digest');
  });

  it('is in the way of a start: the stage gives no result, and none that is wrong', async () => {
    store.instead = (request) => {
      const name = decodeURIComponent(new URL(request.url!, store.url).pathname.slice(1));
      if (name.endsWith('/started')) store.objects.set(name, Buffer.from('mine'));
      return false;
    };
    const child = project.start(['run', 'p.yaml', '--json'], environment());
    let text = '';
    child.stdout!.on('data', (data: Buffer) => {
      text += data;
    });
    while (!text.includes('stage-displaced')) await new Promise((tick) => setTimeout(tick, 100));
    child.kill('SIGINT');
    await new Promise((ended) => child.once('close', ended));
    expect(text).toContain('the cluster started it twice');
    expect(text).not.toContain(RIGHT);
  }, 60_000);

  it(
    `does anything, ${ATTEMPTS} times: the result is right, or there is none`,
    async () => {
      const random = new Random('attacks on a store that pods use', 0);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        project.write('p.yaml', pipeline(`n${attempt}`));
        const all = () => [...store.objects.values()];
        const ways: ((bytes: Buffer) => Buffer | undefined)[] = [
          swapped,
          (bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
          () => all()[random.below(all().length)],
          (bytes) => Buffer.concat([bytes, bytes]),
          () => undefined,
        ];
        serve((bytes) => (random.below(3) === 0 ? ways[random.below(ways.length)]!(bytes) : undefined));
        const { events } = await run();
        store.instead = () => false;
        const right = digestOfBytes(`apple\npear\nn${attempt}\n`);
        if (outcomes(events).work === 'ran') expect(digests(events)).toEqual({ 'work.out': right });
        else expect(outcomes(events)).toEqual({ work: 'failed' });
      }
    },
    ATTEMPTS * 60_000,
  );
});
