import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { closeServer, listen } from '../servers/listen.ts';
import { type Finished, finished, Project } from './rig.ts';

// Servers that lie, at the real binary: one clear message, exit code 1, and memory that does not follow what they send.

const HEAP = { NODE_OPTIONS: '--max-old-space-size=200' };
const MOST_RESIDENT_KB = 250_000;

const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    response.on('error', () => {});
    request.socket.on('error', () => {});
    answer(request, response);
  });
  cleanups.push(() => closeServer(server));
  return await listen(server);
}

/** Writes as fast as the other side reads, for ever. */
function pour(response: ServerResponse, chunk: string | Buffer): void {
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

interface Ended extends Finished {
  readonly text: string;
  /** The most that a process of the run had in memory, kB; 0 where /proc does not say. */
  readonly residentKb: number;
}

async function run(project: Project, environment: Record<string, string> = {}): Promise<Ended> {
  const child = project.start(['run', 'x.yaml'], { ...HEAP, ...environment });
  let residentKb = 0;
  const watch = setInterval(() => {
    residentKb = Math.max(residentKb, ...withChildren(child.pid!).map(peakOf));
  }, 50);
  const ended = await finished(child);
  clearInterval(watch);
  return { ...ended, text: ended.stdout + ended.stderr, residentKb };
}

function withChildren(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const text = threads.map((id) => readFileSync(`/proc/${pid}/task/${id}/children`, 'utf8')).join(' ');
    return [pid, ...(text.match(/\d+/g) ?? []).flatMap((child) => withChildren(Number(child)))];
  } catch {
    return [pid]; // it has ended, or this is no Linux
  }
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function expectClearFailure(ended: Ended, message: RegExp): void {
  expect(ended.text).toMatch(message);
  expect(ended.text).not.toMatch(/\n\s+at \S+|internal error|fault in pipe|heap out of memory/);
  expect(ended.code).toBe(1);
  if (process.platform === 'linux') expect(ended.residentKb).toBeGreaterThan(10_000);
  expect(ended.residentKb).toBeLessThan(MOST_RESIDENT_KB);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  expect(ended.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
}

function project(files: Record<string, string>): Project {
  const made = new Project(files);
  cleanups.push(() => made.remove());
  return made;
}

describe.concurrent('a download from a server', () => {
  const download = (url: string, timeout = '2m') =>
    project({
      'x.yaml': `schema: 1\nname: x\nstages:\n  get:\n    uses: download\n    timeout: ${timeout}\n    with: { url: "${url}", name: file, max_bytes: 300000000 }\n`,
    });
  const redirect =
    (location: string): RequestListener =>
    (_, response) =>
      response.writeHead(302, { location }).end();

  const cases: [string, RegExp, RequestListener][] = [
    [
      'whose body has no end',
      /is larger than the 300000000 bytes that max_bytes allows/,
      (_, response) => pour(response, Buffer.alloc(1 << 20)),
    ],
    [
      'that announces more than it may send',
      /is larger than the 300000000 bytes/,
      (_, response) => response.writeHead(200, { 'content-length': 10 ** 15 }).write('x'),
    ],
    [
      'that announces more than it sends',
      /failed after 5 retries: .*(announced 1000 bytes|broke)/,
      (request, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('four', () => request.socket.destroySoon());
      },
    ],
    [
      'that sends packed bytes which nobody asked for',
      /comes packed \(content-encoding: gzip\)/,
      (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(300_000_000))),
    ],
    ['that redirects to a file', /not followed: file:\/\/ is not supported/, redirect('file:///etc/passwd')],
    [
      'that redirects to an address with a password',
      /not followed: the URL of 127\.0\.0\.1:1 holds a user name or password/,
      redirect('http://me:hunter2@127.0.0.1:1/'),
    ],
    ['that redirects to itself', /redirects more than 10 times/, redirect('/x')],
    [
      'that resets every connection',
      /failed after 5 retries: .* broke/,
      ({ socket }) => socket.resetAndDestroy(),
    ],
    [
      'that answers 206 to a request for the whole',
      /answered 206/,
      (_, response) => response.writeHead(206, { 'content-range': 'bytes 5-9/10' }).end('67890'),
    ],
    ['that answers 304 to a first request', /answered 304/, (_, response) => response.writeHead(304).end()],
    [
      'that continues somewhere else than asked',
      /answered 206 .*does not fit|failed after 5 retries/,
      (request, response) => {
        if (request.headers.range === undefined) {
          response.writeHead(200, { 'content-length': 1000, etag: '"a"' });
          response.write('x'.repeat(500), () => setTimeout(() => request.socket.destroySoon(), 20));
        } else {
          response.writeHead(206, { 'content-range': 'bytes 7-999/1000', etag: '"a"' }).end('x'.repeat(993));
        }
      },
    ],
    [
      'that names things in escape sequences',
      /answered 404/,
      (request) => {
        request.socket.end('HTTP/1.1 404 \x9b2J\x9d0;title\x07\r\ncontent-length: 0\r\n\r\n');
      },
    ],
  ];
  it.for(cases)('%s', { timeout: 180_000 }, async ([, message, answer]) => {
    const ended = await run(download(`${await serve(answer)}/file`));
    expectClearFailure(ended, message);
    expect(ended.text).not.toContain('hunter2');
  });

  it('that drips is ended by the timeout of the stage', { timeout: 180_000 }, async () => {
    const url = await serve((_, response) => {
      const drip = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(drip));
    });
    const ended = await run(download(`${url}/file`, '3s'));
    expectClearFailure(ended, /3 s/);
  });

  it('that says more bytes than it announced gives those that it announced', {
    timeout: 180_000,
  }, async () => {
    const url = await serve((request) => {
      request.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour and more');
    });
    const made = download(`${url}/file`);
    const ended = await run(made);
    if (ended.code === 0) expect((await made.pipe(['cat', 'x.yaml', 'get.file'])).stdout).toBe('four');
    else expectClearFailure(ended, /failed after 5 retries/);
  });
});

describe.concurrent('a judge behind a server', () => {
  const judging = (url: string) =>
    project({
      'r.json': JSON.stringify([{ instruction: 'a', input: '', output: 'b', model_response: 'c' }]),
      'x.yaml': `schema: 1\nname: x\nstages:\n  j:\n    uses: judge\n    timeout: 2m\n    inputs: { responses: { file: ./r.json } }\n    with: { url: "${url}", judge: { kind: ollama, label: t, model: llama3, prompt: "{{ model_response }}", instructions: "", options: {} } }\n`,
    });
  const tags = { models: [{ name: 'llama3:latest', digest: 'ab12' }] };
  /** Lists the model as it should, and answers questions so. */
  const chatting =
    (answer: RequestListener): RequestListener =>
    (request, response) => {
      if (request.url === '/api/tags') response.end(JSON.stringify(tags));
      else answer(request, response);
    };

  const cases: [string, RegExp, RequestListener][] = [
    [
      'whose list has no end',
      /\/api\/tags sent more than 16000000 bytes/,
      (_, response) => pour(response, 'x'.repeat(65_536)),
    ],
    [
      'whose error has no end',
      /Ollama answered 500/,
      (_, response) => {
        response.writeHead(500);
        pour(response, 'x'.repeat(65_536));
      },
    ],
    [
      'whose model has no digest',
      /gives no digest of the model llama3/,
      (_, response) => response.end(JSON.stringify({ models: [{ name: 'llama3:latest' }] })),
    ],
    [
      'whose line has no end',
      /\/api\/chat sent a line of more than 1000000 bytes/,
      chatting((_, response) => pour(response, 'x'.repeat(65_536))),
    ],
    [
      'whose lines have no end',
      /the reply was cut off at its greatest length/,
      chatting((_, response) => pour(response, `{"message":{"content":"${'x'.repeat(60_000)}"}}\n`)),
    ],
    [
      'whose question fails with an endless error',
      /Ollama at http:\/\/127\.0\.0\.1:\d+ answered 400\./,
      chatting((_, response) => {
        response.writeHead(400);
        pour(response, 'x'.repeat(65_536));
      }),
    ],
    [
      'that sends escape sequences in an error',
      /Ollama .* answered 400: bad/,
      chatting((_, response) =>
        response
          .writeHead(400)
          .end(JSON.stringify({ error: 'bad\u001b[2J\u001b]0;t\u0007\u009b3m\u202eline\nline' })),
      ),
    ],
    [
      'that redirects questions elsewhere',
      /redirects to http:\/\/127\.0\.0\.1:\d+\. Questions to a judge are not redirected/,
      chatting((_, response) =>
        response.writeHead(307, { location: 'http://me:hunter2@127.0.0.1:1/api/chat' }).end(),
      ),
    ],
  ];
  it.for(cases)('%s', { timeout: 180_000 }, async ([, message, answer]) => {
    const ended = await run(judging(await serve(answer)));
    expectClearFailure(ended, message);
    expect(ended.text).not.toContain('hunter2');
  });

  it('whose replies are escape sequences shows none of them', { timeout: 180_000 }, async () => {
    const content = '\u001b[2J\u001b]52;c;YQ==\u0007 \u009b3m \u202e no score 1 2\r\u0000';
    const url = await serve(
      chatting((_, response) =>
        response.end(`${JSON.stringify({ message: { content }, done: true, done_reason: 'stop' })}\n`),
      ),
    );
    const ended = await run(judging(url));
    expect(ended.code).toBe(1);
    expect(ended.text).toContain('1 of 1 replies gave no score');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
    expect(ended.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  });
});
