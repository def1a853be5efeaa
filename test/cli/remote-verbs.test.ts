import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import { afterEach, expect, it } from 'vitest';
import { ForwardProxy } from '../servers/forward-proxy.ts';
import { closeServer, listen } from '../servers/listen.ts';
import { finished, outcomes, parseEvents } from './rig.ts';
import { TwoMachines } from './two-machines.ts';

/* What verbs make of a remote cache, beyond the runs of remote.test.ts. */

let machines: TwoMachines;
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await closeServer(server);
  machines.remove();
});

/** Two machines, of which the maker has run the pipeline and shared what came out. */
async function sharing(pipeline?: string): Promise<TwoMachines> {
  machines = await TwoMachines.start(pipeline);
  await machines.run(machines.maker);
  return machines;
}

/** From now on the store is a server that answers so. */
async function storeAnswers(listener: RequestListener): Promise<void> {
  const server = createServer(listener);
  servers.push(server);
  machines.remote = await listen(server);
}

function valid(name: string, text: string): Record<string, unknown> {
  const schema = resolve(import.meta.dirname, '../../schemas', `${name}.schema.json`);
  const validate = new Ajv().compile(JSON.parse(readFileSync(schema, 'utf8')));
  const document = JSON.parse(text);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  return document;
}

it('cat, get and bundle take what is only in the store, and no more of it', async () => {
  const { reader, remote } = await sharing();
  expect((await machines.pipe(reader, 'cat', 'p.yaml', 'count.lines')).stdout).toBe('40000\n');
  expect((await machines.pipe(reader, 'get', 'p.yaml', 'make.big', 'big')).code).toBe(0);
  expect(readFileSync(reader.path('big'), 'utf8').endsWith('\n40000\n')).toBe(true);
  const other = machines.another();
  const bundled = await machines.pipe(other, 'bundle', 'p.yaml', 'b.tar', '--for', 'count');
  expect([bundled.code, bundled.stderr]).toEqual([0, '']);
  const without = machines.another();
  const absent = await without.pipe(['cat', 'p.yaml', 'make.big', '--no-remote'], { PIPE_REMOTE: remote });
  expect([absent.code, absent.stderr]).toEqual([2, expect.stringContaining('stage make is not up to date')]);
});

it('push and pull tell what they did as JSON, also of what cannot be had', async () => {
  machines = await TwoMachines.start();
  const { maker, reader, remote, folder } = machines;
  await machines.run(maker, '--no-upload', '--only', 'make');
  const pushed = await machines.pipe(maker, 'push', 'p.yaml', '--json');
  expect(valid('push', pushed.stdout)).toMatchObject({
    ...{ remote, complete: true, problems: [], results: ['make'], stale: ['count'], sent_bytes: 228_894 },
  });
  const again = await machines.pipe(maker, 'push', 'p.yaml', '--json');
  expect(valid('push', again.stdout)).toMatchObject({ complete: true, results: ['make'], sent_bytes: 0 });
  const pulled = await machines.pipe(reader, 'pull', 'p.yaml', '--for', 'count', '--json');
  expect(valid('pull', pulled.stdout)).toEqual({
    ...{ remote, file: 'p.yaml', complete: true, problems: [], received_bytes: 228_894 },
    inputs: [{ stage: 'count', input: 'big', bytes: 228_894, here: true }],
  });
  rmSync(`${folder}/cas`, { recursive: true });
  const late = machines.another();
  const lost = await machines.pipe(late, 'pull', 'p.yaml', '--for', 'count', '--json');
  expect(lost.code).toBe(1);
  expect(valid('pull', lost.stdout)).toMatchObject({
    complete: false,
    inputs: [{ here: false }],
    received_bytes: 0,
  });
  expect((await machines.pipe(late, 'pull', 'p.yaml', '--for', 'count')).stderr).toContain(
    'count: its input big is not to be had',
  );
});

it('push does not bring here what the store has already', async () => {
  const { reader } = await sharing();
  await machines.pipe(reader, 'trust', 'create', '--name', 'reader');
  await machines.run(reader);
  const pushed = await machines.pipe(reader, 'push', 'p.yaml', '--json');
  expect(valid('push', pushed.stdout)).toMatchObject({ results: ['make', 'count'], sent_bytes: 0 });
  expect((await machines.pipe(reader, 'verify')).stdout).toContain('not here: big of command');
});

it('a run that still uploads when its work is done says how far it is', async () => {
  machines = await TwoMachines.start();
  await storeAnswers((request, response) => {
    if (request.method !== 'PUT') return void response.writeHead(404).end();
    const isObject = request.url!.includes('/cas/');
    request.resume().on('end', () => setTimeout(() => response.writeHead(201).end(), isObject ? 1500 : 0));
  });
  const { events } = await machines.run(machines.maker, '--only', 'make');
  const told = events.filter((event) => event.type === 'uploading');
  expect(told.length).toBeGreaterThan(1);
  expect(told.at(-1)).toMatchObject({ results: 1, sent_bytes: 228_894, total_bytes: 228_894 });
  expect(events.at(-1)?.type).toBe('run-finished');
  const text = (await machines.pipe(machines.maker, 'run', 'p.yaml', '--force', 'count')).stdout;
  expect(text).toMatch(/^uploading 1 result.*; Ctrl-C ends that, and pipe push makes up for it$/m);
});

it('verify --rebuild reads from the store what its stages need, and writes nothing there', async () => {
  const { reader } = await sharing();
  await machines.pipe(reader, 'trust', 'create', '--name', 'reader');
  await machines.run(reader);
  const before = machines.stored;
  const { code, stdout } = await machines.pipe(reader, 'verify', 'p.yaml', '--rebuild', '100%');
  expect([code, stdout]).toEqual([0, expect.stringContaining('Ran 2 stages again: 2 gave the same.')]);
  expect(machines.stored).toEqual(before);
});

it('watch takes from the store, and gives it what it makes', async () => {
  const { maker, reader } = await sharing();
  const before = machines.stored;
  const watching = maker.start(['watch', 'p.yaml'], machines.environment(maker));
  let text = '';
  watching.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const said = async (words: RegExp) =>
    expect.poll(() => words.test(text), { timeout: 20_000, interval: 50 }).toBe(true);
  await said(/Watching \d+ file/);
  expect(machines.stored).toEqual(before);
  const changed = readFileSync(maker.path('p.yaml'), 'utf8').replace('40000', '30000');
  writeFileSync(maker.path('p.yaml'), changed);
  await said(/p.yaml changed: running again[\s\S]*Watching \d+ file/);
  watching.kill('SIGINT');
  await finished(watching);
  writeFileSync(reader.path('p.yaml'), changed);
  expect((await machines.run(reader)).outcomes).toEqual({ make: 'hit', count: 'hit' });
});

it('whom a run believes is settled when it starts, whatever it does to the trust file', async () => {
  const { reader } = await sharing(`schema: 1
name: shared
stages:
  distrust:
    uses: command
    always: true
    pass: [TRUST]
    with: { run: 'test -z "$TRUST" || echo "{\\"keys\\": []}" > "$TRUST"; echo x > x', outputs: { x: x } }
  count:
    uses: command
    inputs: { x: distrust.x }
    with: { run: "wc -l < inputs/x > lines", outputs: { lines: lines } }
`);
  const environment = { ...machines.environment(reader), TRUST: reader.path('pipe-trust.json') };
  const { events } = await reader.run(['p.yaml'], environment);
  expect(outcomes(events)).toEqual({ distrust: 'ran', count: 'hit' });
  expect(readFileSync(reader.path('pipe-trust.json'), 'utf8')).toContain('[]');
  const next = machines.another();
  next.write('pipe-trust.json', '{"keys": []}');
  expect((await machines.run(next)).outcomes).toEqual({ distrust: 'ran', count: 'ran' });
});

it('two runners that make the same at once, each a little different, leave one result that everybody gets', async () => {
  machines = await TwoMachines.start(`schema: 1
name: shared
stages:
  make: { uses: command, with: { run: "{ seq 1 40000; date +%N; } > big", outputs: { big: big } } }
  last: { uses: command, inputs: { big: make.big }, with: { run: "tail -1 inputs/big > l", outputs: { l: l } } }
`);
  const { maker } = machines;
  const key = readFileSync(maker.path('home/pipe/signing-key.pem'), 'utf8');
  const runners = [1, 2, 3].map(() => machines.another());
  const ends = await Promise.all(
    runners.map((runner) =>
      runner.run(['p.yaml'], { ...machines.environment(runner), PIPE_SIGNING_KEY: key }),
    ),
  );
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(ends.flatMap(({ events }) => events.filter(({ type }) => type === 'cache-problem'))).toEqual([]);
  const texts = new Set<string>();
  for (const reader of [machines.another(), machines.another()]) {
    const { events, outcomes } = await machines.run(reader, '--force', 'last');
    expect(outcomes).toEqual({ make: 'hit', last: 'ran' });
    expect(events.filter(({ type }) => type === 'cache-problem')).toEqual([]);
    texts.add((await machines.pipe(reader, 'cat', 'p.yaml', 'last.l')).stdout);
  }
  expect(texts.size).toBe(1);
});

it('a store is reached through the proxy of the environment, and not where NO_PROXY excepts it', async () => {
  machines = await TwoMachines.start();
  const { maker } = machines;
  const proxy = await ForwardProxy.start();
  await storeAnswers((request, response) => {
    request.resume();
    response.writeHead(request.method === 'PUT' ? 201 : 404).end();
  });
  machines.remote += '/cache';
  const run = (environment: Record<string, string>) =>
    maker.run(['p.yaml', '--force', 'make'], { ...machines.environment(maker), ...environment });
  await run({ HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
  expect(proxy.requests).toEqual([]);
  await run({ http_proxy: proxy.url });
  expect(proxy.requests.some((request) => request.startsWith('PUT /cache/cas/'))).toBe(true);
  const { code, events } = await run({ HTTP_PROXY: 'me:secret@nowhere' });
  const [problem] = events.filter((event) => event.type === 'cache-problem');
  expect([code, problem?.message]).toEqual([
    0,
    expect.stringContaining('The address of the proxy is not a URL.'),
  ]);
  expect(JSON.stringify(events)).not.toContain('secret');
  await proxy.close();
});

it('a run that may only read uploads nothing: without a key, with --no-upload, or where the store forbids it', async () => {
  machines = await TwoMachines.start();
  const { maker, reader } = machines;
  const methods: string[] = [];
  await storeAnswers((request, response) => {
    methods.push(request.method!);
    request.resume();
    response.writeHead(request.method === 'PUT' ? 403 : 404).end();
  });
  await machines.run(reader);
  await machines.run(maker, '--no-upload');
  expect(methods).not.toContain('PUT');
  const { code, events } = await machines.run(maker, '--force', 'make', '--force', 'count');
  expect(code).toBe(0);
  expect(methods.filter((method) => method === 'PUT')).toHaveLength(1);
  expect(events.filter((event) => event.type === 'cache-problem')).toMatchObject([
    { message: expect.stringContaining('(the answer was 403 Forbidden): this run uploads nothing more') },
  ]);
});

it('Ctrl-C ends a run that waits for an object, and says that it was cancelled', async () => {
  const { reader, folder } = await sharing();
  await storeAnswers((request, response) => {
    const path = `${folder}${request.url}`;
    if (!existsSync(path)) return void response.writeHead(404).end();
    const bytes = readFileSync(path);
    response.writeHead(200, { 'content-length': bytes.length });
    if (request.method === 'HEAD') response.end();
    else if (!request.url!.startsWith('/cas/')) response.end(bytes);
    else response.write(bytes.subarray(0, 1000), () => running.kill('SIGINT')); // and never the rest
  });
  const running = reader.start(['run', 'p.yaml', '--force', 'count', '--json'], machines.environment(reader));
  const { code, stdout } = await finished(running);
  const events = parseEvents(stdout);
  expect([code, outcomes(events)]).toEqual([130, expect.objectContaining({ count: 'cancelled' })]);
  expect(events.filter((event) => event.type === 'cache-problem' && event.code !== 'lost-object')).toEqual(
    [],
  );
});

it('a folder with many files is brought whole', async () => {
  await sharing(`schema: 1
name: shared
stages:
  make:
    uses: command
    with:
      run: mkdir d; for i in $(seq 1 60); do seq 1 $((i * 300)) > d/$i; done
      outputs: { d: { path: d, artifact: directory } }
  sum: { uses: command, inputs: { d: make.d }, with: { run: "cat inputs/d/* | wc -l > s", outputs: { s: s } } }
`);
  const { code, outcomes } = await machines.run(machines.reader, '--force', 'sum');
  expect([code, outcomes]).toEqual([0, { make: 'hit', sum: 'ran' }]);
  expect((await machines.pipe(machines.reader, 'cat', 'p.yaml', 'sum.s')).stdout).toBe(
    `${(300 * 60 * 61) / 2}\n`,
  );
});

it('an address of a folder that only this machine has is one like any other', async () => {
  machines = await TwoMachines.start();
  machines.remote = pathToFileURL(machines.maker.path('never made')).href;
  const { code, events } = await machines.run(machines.maker);
  expect(code).toBe(0);
  expect(events.filter((event) => event.type === 'cache-problem')).toHaveLength(1);
});
