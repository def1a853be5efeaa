import { mkdirSync, readFileSync } from 'node:fs';
import { AwsClient } from 'aws4fetch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOfFile } from '../../src/files/digest.ts';
import { ForwardProxy } from '../servers/forward-proxy.ts';
import { S3Server } from '../servers/s3-server.ts';
import { finished, outcomes, Project } from './rig.ts';

/*
 * Two machines and a store that speaks S3, with the real binary. `PIPE_S3=http://127.0.0.1:7070` tries a server that nobody here
 * wrote, too (with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); it ran against moto, versitygw and s3rver.
 */
const OUTSIDE = process.env.PIPE_S3;
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? 'test',
  AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? 'testtest',
};
/** s3rver does not list what has begun: an upload that was killed begins anew. */
const LISTS = process.env.PIPE_S3_LISTS !== 'no';

/** Five parts of 8 MiB and a bit. */
const BYTES = 38_888_896;
const PIPELINE = `schema: 1
name: shared
stages:
  train:
    uses: command
    with:
      run: seq 1 5000000 > model
      outputs: { model: model }
  evaluate:
    uses: command
    inputs: { model: train.model }
    with: { run: "tail -c 9 inputs/model > score", outputs: { score: score } }
`;

let own: S3Server;
let proxy: ForwardProxy;
beforeAll(async () => {
  own = await S3Server.start();
});
afterAll(() => own.close());

describe.each(OUTSIDE === undefined ? ['own'] : ['own', OUTSIDE])('a store that speaks S3: %s', (where) => {
  let trainer: Project;
  let evaluator: Project;
  let endpoint: string;
  let remote: string;
  beforeEach(async () => {
    endpoint = where === 'own' ? own.url : where;
    proxy = await ForwardProxy.start();
    const bucket = `pipe-${Date.now()}`;
    remote = `s3://${bucket}/team/cache`;
    await bucketAt(endpoint).fetch(`${endpoint}/${bucket}`, { method: 'PUT' });
    trainer = new Project({ 'p.yaml': PIPELINE, 'home/x': '' });
    evaluator = new Project({ 'p.yaml': PIPELINE, 'home/x': '' });
    await pipe(trainer, 'trust', 'create', '--name', 'trainer');
    evaluator.write('pipe-trust.json', readFileSync(trainer.path('pipe-trust.json')));
  });
  afterEach(async () => {
    trainer.remove();
    evaluator.remove();
    await proxy.close();
  });

  const environment = (project: Project) => ({
    XDG_CONFIG_HOME: project.path('home'),
    AWS_ENDPOINT_URL: endpoint,
    HTTP_PROXY: proxy.url,
    PIPE_REMOTE: remote,
    ...CREDENTIALS,
  });
  const pipe = (project: Project, ...args: string[]) => project.pipe(args, environment(project));
  const start = (project: Project, ...args: string[]) => project.start(args, environment(project));
  const parts = () => proxy.requests.filter((request) => /^PUT .*partNumber=/.test(request));
  /** Resolves when `count` parts have gone through; those after them are held back. */
  const heldAfter = (count: number) =>
    new Promise<void>((held) => {
      let arrived = 0;
      proxy.before = (request) => {
        if (!/partNumber=\d/.test(request.url!) || request.method !== 'PUT' || ++arrived <= count)
          return undefined;
        held();
        return new Promise(() => {});
      };
    });

  it('gets a model in parts; of an upload that was killed only the rest is sent, and a download goes on, too', async () => {
    await trainer.run(['p.yaml', '--no-upload'], environment(trainer));
    const held = heldAfter(2);
    const killed = start(trainer, 'push', 'p.yaml');
    await held;
    // The answers of those that went through have come, or will not count.
    await new Promise((wait) => setTimeout(wait, 1000));
    killed.kill('SIGKILL');
    await finished(killed);
    proxy.requests.length = 0;
    proxy.before = () => undefined;
    const pushed = await pipe(trainer, 'push', 'p.yaml');
    expect([pushed.code, pushed.stderr]).toEqual([0, expect.not.stringContaining('cache:')]);
    expect(parts().length).toBe(LISTS || where === 'own' ? 3 : 5);

    const half = new Promise<void>((reached) => {
      proxy.during = (request, bytes) => {
        if (request.method !== 'GET' || bytes < BYTES / 2) return undefined;
        reached();
        return new Promise(() => {});
      };
    });
    const pulling = start(evaluator, 'pull', 'p.yaml', '--for', 'evaluate');
    await half;
    await new Promise((wait) => setTimeout(wait, 1000));
    pulling.kill('SIGKILL');
    await finished(pulling);
    proxy.requests.length = 0;
    proxy.during = () => undefined;
    const ran = await evaluator.run(['p.yaml', '--force', 'evaluate'], environment(evaluator));
    expect([ran.code, outcomes(ran.events)]).toEqual([0, { train: 'hit', evaluate: 'ran' }]);
    const ranges = proxy.requests.flatMap((request) => /bytes=(\d+)-$/.exec(request)?.[1] ?? []);
    expect(ranges.length).toBe(1);
    expect(Number(ranges[0])).toBeGreaterThan(BYTES / 4);
  });

  it('two machines that upload the same at once: the object is right', async () => {
    mkdirSync(evaluator.path('home/pipe'), { mode: 0o700 });
    const key = readFileSync(trainer.path('home/pipe/signing-key.pem'), 'utf8');
    const both = [trainer, evaluator].map(async (project) => {
      await project.run(['p.yaml', '--no-upload'], { ...environment(project), PIPE_REMOTE: '' });
      return project.pipe(['push', 'p.yaml'], { ...environment(project), PIPE_SIGNING_KEY: key });
    });
    for (const { code, stderr } of await Promise.all(both))
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('cache:')]);
    const reader = new Project({
      'p.yaml': PIPELINE,
      'pipe-trust.json': readFileSync(trainer.path('pipe-trust.json')),
    });
    const got = await pipe(reader, 'get', 'p.yaml', 'train.model', 'model');
    expect([got.code, got.stderr]).toEqual([0, '']);
    expect((await digestOfFile(reader.path('model'))).bytes).toBe(BYTES);
    reader.remove();
  });
});

function bucketAt(endpoint: string): AwsClient {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = CREDENTIALS;
  return new AwsClient({
    accessKeyId,
    secretAccessKey,
    service: 's3',
    region: endpoint === '' ? '' : 'us-east-1',
  });
}
