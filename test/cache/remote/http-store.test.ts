import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createConnectionServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Patience } from '../../../src/cache/remote/patience.ts';
import { openStore } from '../../../src/cache/remote/stores/open-store.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { machine, madeResult, newKey, readOutputs, trusted } from './shared-store.ts';

/*
 * A real server that holds what is put there, and answers wrongly in every way that a network has. Results are right, or made again;
 * a store that cannot be used is told once.
 */

type Answer = (request: IncomingMessage, response: ServerResponse, bytes: Buffer | undefined) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

/** A server; `answer` replaces its answer to a GET of an object. */
async function serve() {
  const content = new Map<string, Buffer>();
  const requests: string[] = [];
  const behaviour: { get: Answer; put?: Answer } = { get: whole };
  const server = createServer((request, response) => {
    const name = request.url!.slice('/cache/'.length);
    requests.push(
      `${request.method} ${name.slice(0, 2)}${request.headers.range ? ` ${request.headers.range}` : ''}`,
    );
    if (request.method === 'PUT') {
      if (behaviour.put) return behaviour.put(request, response, undefined);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        content.set(name, Buffer.concat(chunks));
        response.writeHead(201).end();
      });
    } else if (request.method === 'HEAD') {
      const bytes = content.get(name);
      response.writeHead(bytes ? 200 : 404, bytes && { 'content-length': bytes.length }).end();
    } else behaviour.get(request, response, content.get(name));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  return { store: openStore(`http://127.0.0.1:${port}/cache`, {}), content, requests, behaviour };
}

/** What a good server does. */
function whole(request: IncomingMessage, response: ServerResponse, bytes: Buffer | undefined): void {
  if (bytes === undefined) return void response.writeHead(404).end();
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response
    .writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from })
    .end(bytes.subarray(from));
}

/** Sends only so many bytes of what it has promised, each time. */
const broken =
  (each: number): Answer =>
  (request, response, bytes) => {
    if (bytes === undefined) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (bytes.length - from <= each) return whole(request, response, bytes);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
    response.write(bytes.subarray(from, from + each), () => response.destroy());
  };

/** A result that one machine has made and put on a server, and another machine that believes it. */
async function shared(patience = new Patience()) {
  const root = await temporaryDirectory();
  const { store, ...server } = await serve();
  const key = newKey();
  const result = await madeResult(join(root, 'maker'), 'one', ['x'.repeat(300_000), 'y']);
  const maker = machine(join(root, 'maker'), store, { keys: [], signingKey: key });
  maker.remote.upload(result, maker.objects);
  await maker.remote.finish(new AbortController().signal);
  const reader = machine(join(root, 'reader'), store, {
    keys: [trusted('maker', key, 'main')],
    patience,
  });
  const read = async () => {
    const believed = await reader.remote.record(result.key, {});
    return believed && (await readOutputs(believed.record, reader.objects));
  };
  const truth = await readOutputs(result, maker.objects);
  return { root, store, server, key, result, maker, reader, read, truth };
}

describe('a cache on a server', () => {
  it('gives to one machine what another one has put there, and only what is read', async () => {
    const { server, maker, reader, read, truth, result } = await shared();
    expect(maker.problems).toEqual([]);
    server.requests.length = 0;
    expect((await reader.remote.record(result.key, {}))?.record).toEqual(result);
    expect(server.requests).toEqual(['GET ac']);
    expect(await read()).toEqual(truth);
    expect(reader.problems).toEqual([]);
  });

  it('is asked for the rest where a connection breaks, until all is there', async () => {
    const { server, reader, read, truth } = await shared();
    server.behaviour.get = broken(70_000);
    expect(await read()).toEqual(truth);
    expect(server.requests).toContain('GET ca bytes=70000-');
    expect(reader.problems).toEqual([]);
  });

  it('that knows no ranges sends all once more, of which the rest is taken', async () => {
    const { server, read, truth } = await shared();
    let broke = false;
    server.behaviour.get = (request, response, bytes) => {
      if (broke || bytes === undefined || bytes.length < 300_000) {
        request.headers.range = undefined;
        return whole(request, response, bytes);
      }
      broke = true;
      broken(70_000)(request, response, bytes);
    };
    expect(await read()).toEqual(truth);
  });

  it.each<[string, Answer, string]>([
    ['answers with an error', (_, response) => response.writeHead(500).end(), 'the answer was 500'],
    ['hangs up', (request) => request.destroy(), 'cannot be used'],
    [
      'sends somewhere else',
      (_, response) => response.writeHead(302, { location: '/other' }).end(),
      'the answer was 302',
    ],
    ['wants a password', (_, response) => response.writeHead(401).end('<html>'), 'the answer was 401'],
  ])('that %s is done without, and that is said once', async (_, answer, message) => {
    const { server, reader, read } = await shared();
    server.behaviour.get = answer;
    expect(await read()).toBeUndefined();
    expect(await read()).toBeUndefined();
    expect(reader.problems).toEqual([
      {
        code: 'remote-unreachable',
        message: expect.stringMatching(new RegExp(`${message}.*goes on without it`)),
      },
    ]);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['cuts objects off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['gives more', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['gives other bytes', (bytes) => Buffer.alloc(bytes.length, 1)],
    ['gives a page', () => Buffer.from('<html>Log in</html>')],
  ])('that %s gives nothing that is used', async (_, change) => {
    const { server, reader, read } = await shared();
    for (const [name, bytes] of server.content)
      if (name.startsWith('cas/')) server.content.set(name, change(bytes));
    expect(await read()).toEqual({ file: undefined, folder: undefined });
    expect(reader.problems.some(({ code }) => code === 'remote-refused')).toBe(true);
  });

  it('that may only be read is read, and not written to', async () => {
    const { root, store, server, key, read, truth } = await shared();
    server.behaviour.put = (_, response) => response.writeHead(403).end();
    const other = await madeResult(join(root, 'other'), 'two', ['z']);
    const { remote, objects, problems } = machine(join(root, 'other'), store, { keys: [], signingKey: key });
    remote.upload(other, objects);
    remote.upload(other, objects);
    await remote.finish(new AbortController().signal);
    expect(problems).toEqual([
      { code: 'remote-unreachable', message: expect.stringContaining('uploads nothing more') },
    ]);
    expect(await read()).toEqual(truth);
  });

  it.each<[string, Answer, string]>([
    ['never answers', () => {}, 'no answer for 0.5 s'],
    [
      'stops in the middle of an object',
      (request, response, bytes) => {
        if (bytes === undefined || bytes.length < 300_000) return whole(request, response, bytes);
        response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000));
      },
      'nothing moved for 0.3 s',
    ],
    [
      'sends a byte now and then',
      (request, response, bytes) => {
        if (bytes === undefined || bytes.length < 300_000) return whole(request, response, bytes);
        response.writeHead(200, { 'content-length': bytes.length });
        const drip = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(drip));
      },
      'bytes moved for 0.3 s',
    ],
  ])('that %s is done without before long, and that is said once', async (_, answer, message) => {
    const { server, reader, read } = await shared(new Patience(500, 300));
    server.behaviour.get = answer;
    const found = await read();
    expect(found?.folder).toBeUndefined();
    await read();
    expect(reader.problems.filter(({ code }) => code === 'remote-unreachable')).toEqual([
      { code: 'remote-unreachable', message: expect.stringContaining(message) },
    ]);
  });

  it.each<[string, Answer, string]>([
    ['is full', (_, response) => response.writeHead(507).end(), 'the answer was 507 Insufficient Storage'],
    [
      'takes no larger objects',
      (_, response) => response.writeHead(400).end('<Error><Code>EntityTooLarge</Code></Error>'),
      'the answer was 400 Bad Request: EntityTooLarge',
    ],
    [
      'has no quota left',
      (_, response) => response.writeHead(403).end('<Error><Code>QuotaExceeded</Code></Error>'),
      'the answer was 403 Forbidden: QuotaExceeded',
    ],
    ['takes bytes and never answers', (request) => void request.resume(), 'nothing moved for 0.3 s'],
    ['takes no bytes', () => {}, 'nothing moved for 0.3 s'],
  ])('that %s is read all the same, and not written to any more', async (_, answer, message) => {
    const { root, store, server, key, read, truth } = await shared();
    server.behaviour.put = answer;
    const other = await madeResult(join(root, 'other'), 'two', [
      'z'.repeat(2_000_000),
      'y'.repeat(2_000_000),
    ]);
    const { remote, objects, problems } = machine(join(root, 'other'), store, {
      ...{ keys: [], signingKey: key, patience: new Patience(500, 300) },
    });
    remote.upload(other, objects);
    remote.upload(other, objects);
    await remote.finish(new AbortController().signal);
    expect(problems).toEqual([
      {
        code: 'remote-unreachable',
        message: expect.stringMatching(new RegExp(`${message}.*uploads nothing more`)),
      },
    ]);
    expect([...server.content.keys()].filter((name) => name.startsWith('ac/'))).toHaveLength(1);
    expect(await read()).toEqual(truth);
  });

  it('that is busy for a moment is asked again', async () => {
    const { root, store, server, key } = await shared();
    let busy = 2;
    server.behaviour.put = (request, response) => {
      busy--;
      if (busy === 0) delete server.behaviour.put;
      request.resume().on('end', () => response.writeHead(503).end());
    };
    const other = await madeResult(join(root, 'other'), 'two', ['z']);
    const { remote, objects, problems } = machine(join(root, 'other'), store, { keys: [], signingKey: key });
    remote.upload(other, objects);
    await remote.finish(new AbortController().signal);
    expect(problems).toEqual([]);
    expect(server.content.has(`cas/${other.outputs.file!.digest}`)).toBe(true);
  });

  it('gets right again what was cut off or replaced there: who makes the result anew puts it in place', async () => {
    const { root, store, server, key, read, truth, result } = await shared();
    const [cut, replaced] = [...server.content.keys()].filter((name) => name.startsWith('cas/'));
    server.content.set(cut!, server.content.get(cut!)!.subarray(1));
    server.content.set(replaced!, Buffer.alloc(server.content.get(replaced!)!.length, 1));
    const again = machine(join(root, 'again'), store, {
      keys: [trusted('maker', key, 'main')],
      signingKey: key,
    });
    const believed = await again.remote.record(result.key, {});
    await readOutputs(believed!.record, again.objects);
    const made = await madeResult(join(root, 'again'), 'one', ['x'.repeat(300_000), 'y']);
    again.remote.upload(made, again.objects);
    await again.remote.finish(new AbortController().signal);
    expect(await read()).toEqual(truth);
  });

  it('that promises an object and does not give it is not believed again', async () => {
    const { server, reader, result } = await shared();
    const { record } = (await reader.remote.record(result.key, {}))!;
    server.behaviour.get = (_, response) => response.writeHead(404).end();
    expect(await reader.objects.contains(record.outputs.file!)).toBe(true);
    expect(await reader.objects.locate(record.outputs.file!)).toBeUndefined();
    expect(await reader.objects.contains(record.outputs.file!)).toBe(false);
  });

  it('is asked once for an object that several want at the same time', async () => {
    const { server, reader, result } = await shared();
    const { record } = (await reader.remote.record(result.key, {}))!;
    server.requests.length = 0;
    const read = await Promise.all([1, 2, 3].map(() => readOutputs(record, reader.objects)));
    expect(read[1]).toEqual(read[0]);
    const objects = server.requests.filter((request) => request.startsWith('GET'));
    expect(objects).toHaveLength(4); // a file, a tree, and its two files
  });

  it('takes what is there already as stored', async () => {
    const { server, maker, result } = await shared();
    const before = server.requests.length;
    maker.remote.upload(result, maker.objects);
    await maker.remote.finish(new AbortController().signal);
    expect(server.requests.slice(before).every((request) => request.startsWith('HEAD'))).toBe(true);
  });
});

it('reads slowly what a server has sent that hangs up at once', async () => {
  const bytes = 64 * 1024;
  const server = createConnectionServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`);
        socket.end(Buffer.alloc(bytes));
      });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const store = openStore(`http://127.0.0.1:${port}`, {});
  const body = await store.get('cas/x', 0, { signal: new AbortController().signal });
  await new Promise((later) => setTimeout(later, 1000)); // all of it is there, and nobody has read it
  let read = 0;
  for await (const chunk of body!) read += chunk.byteLength;
  expect(read).toBe(bytes);
  await new Promise((closed) => server.close(closed));
});

it('asks with the token that a variable holds, which its address does not show', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  const store = openStore(`http://127.0.0.1:${port}`, { PIPE_REMOTE_TOKEN: 'a-token' });
  expect(await store.size('cas/1', { signal: new AbortController().signal })).toBeUndefined();
  expect([seen, store.address]).toEqual([['Bearer a-token'], `http://127.0.0.1:${port}`]);
});

it.each([
  ['nonsense', 'is no address'],
  ['ftp://host/x', 'is of an unknown kind'],
  ['https://me:secret@host/x', 'holds a password'],
  ['s3://bucket/x', 'there are no credentials for s3://bucket/x'],
])('refuses %s', (address, message) => {
  expect(() => openStore(address, {})).toThrow(message);
});
