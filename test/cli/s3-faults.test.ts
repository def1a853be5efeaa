import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { S3Server } from '../servers/s3-server.ts';
import { TwoMachines } from './two-machines.ts';

/* One machine makes, another evaluates, and what is between them fails in every way: results are right, and one warning says what happened. */

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

let machines: TwoMachines;
let server: S3Server;
beforeEach(async () => {
  server = await S3Server.start();
  machines = await TwoMachines.start();
  machines.remote = 's3://bucket/cache';
});
afterEach(async () => {
  machines.remove();
  await server.close();
});

const run = async (machine: 'maker' | 'reader', ...args: string[]) => {
  const project = machines[machine];
  const environment = { ...machines.environment(project), ...CREDENTIALS, AWS_ENDPOINT_URL: server.url };
  const { code, events } = await project.run(['p.yaml', ...args], environment);
  const { stdout } = await project.pipe(['cat', 'p.yaml', 'count.lines', '--no-remote']);
  const warnings = events.flatMap((event) =>
    event.type === 'cache-problem' && event.code !== 'lost-object' ? [event.message] : [],
  );
  return { code, lines: stdout, warnings };
};
const right = { code: 0, lines: '40000\n' };

type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;
const answers =
  (method: string, answer: (response: ServerResponse) => unknown): Fault =>
  (request, response) => {
    if (request.method !== method) return false;
    request.resume().on('end', () => answer(response));
    return true;
  };

it.each<[string, Fault, RegExp]>([
  ['is gone', (request) => Boolean(request.destroy()), /cannot be used.*goes on without it/],
  ['answers 500', answers('HEAD', (response) => response.writeHead(500).end()), /500.*uploads nothing more/],
  ['is full', answers('PUT', (response) => response.writeHead(507).end()), /507.*uploads nothing more/],
  [
    'has no quota left',
    answers('PUT', (response) => response.writeHead(403).end('<Error><Code>QuotaExceeded</Code></Error>')),
    /QuotaExceeded.*uploads nothing more/,
  ],
  [
    'hangs up on uploads',
    answers('PUT', (response) => response.destroy()),
    /the connection .* uploads nothing more/,
  ],
])('a store that %s when a machine uploads', async (_, fault, warning) => {
  server.instead = fault;
  expect(await run('maker')).toEqual({ ...right, warnings: [expect.stringMatching(warning)] });
  expect(await run('maker', '--force', 'count')).toMatchObject(right);
});

const fails = (fault: Fault) => () => {
  server.instead = fault;
};

const objects = (change: (bytes: Buffer) => Buffer) => {
  for (const [key, bytes] of server.objects)
    if (key.includes('/cas/')) server.objects.set(key, change(bytes));
};

it.each<[string, () => void, RegExp | undefined]>([
  ['is gone', fails((request) => Boolean(request.destroy())), /goes on without it/],
  [
    'answers 500',
    fails(answers('GET', (response) => response.writeHead(500).end())),
    /500.*goes on without it/,
  ],
  ['has lost its objects', () => objects((bytes) => bytes.subarray(0, 0)), undefined],
  ['has cut them off', () => objects((bytes) => bytes.subarray(1)), undefined],
  [
    'has other bytes',
    () => objects((bytes) => Buffer.alloc(bytes.length, 'x')),
    /its bytes do not have its digest/,
  ],
  [
    'breaks off in the middle, each time',
    fails((request, response) => {
      if (request.method !== 'GET' || !request.url!.includes('/cas/')) return false;
      response.writeHead(200, { 'content-length': 228_894 }).write('x', () => response.destroy());
      return true;
    }),
    /the connection .* broke.*goes on without it/,
  ],
])('a store that %s when another machine reads', async (_, fail, warning) => {
  expect(await run('maker')).toEqual({ ...right, warnings: [] });
  fail();
  const { warnings, ...result } = await run('reader', '--force', 'count');
  expect(result).toEqual(right);
  expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
});
