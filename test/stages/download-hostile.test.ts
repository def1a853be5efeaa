import { existsSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type DownloadOptions, downloadFile } from '../../src/stages/network/download-file.ts';
import { closeServer, listen } from '../servers/listen.ts';
import { freshDirectory, removeDirectories } from './run-stage.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map(closeServer));
  removeDirectories();
});

/** Downloads from a server that answers so. */
async function from(answer: RequestListener, options: Partial<DownloadOptions> = {}) {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    response.on('error', () => {});
    answer(request, response);
  });
  servers.push(server);
  const url = `${await listen(server)}/file`;
  const destination = join(freshDirectory(), 'file');
  const { signal } = new AbortController();
  const options_ = { url, destination, maxBytes: 1_000_000, signal, retries: 2, retryDelayMs: 1, ...options };
  const failure = await downloadFile(options_).then(
    () => undefined,
    (error: Error & { hint?: string }) => ({ name: error.name, message: error.message, hint: error.hint }),
  );
  return { url, destination, failure, requests: () => requests };
}

const redirect = (location: string): RequestListener => {
  return (_, response) => response.writeHead(302, { location }).end('moved');
};

describe('a redirect that is not followed', () => {
  it.each([
    ['file:///etc/passwd', 'file:// is not supported: only http:// and https:// are'],
    ['data:text/plain,hello', 'data:// is not supported: only http:// and https:// are'],
    [
      'http://user:hunter2@127.0.0.1:1/x',
      'the URL of 127.0.0.1:1 holds a user name or password, which would end up in logs and records',
    ],
    ['http://[bad', 'it is not a URL'],
    ['', 'it is not a URL'],
  ])('to "%s" fails at once', async (location, why) => {
    const { url, failure, requests } = await from(redirect(location));
    expect(failure).toEqual({
      name: 'StageError',
      message: `${url} redirects to an address that is not followed: ${why}.`,
      hint: 'Check the URL in a browser, and give the address of the file itself.',
    });
    expect(requests()).toBe(1);
  });

  it('to itself ends', async () => {
    const { url, failure, requests } = await from(redirect('/file'));
    expect(failure).toMatchObject({ name: 'StageError', message: `${url} redirects more than 10 times.` });
    expect(requests()).toBe(11);
  });
});

describe('a body', () => {
  it('without an end stops at max_bytes, and nothing is kept', async () => {
    const { url, destination, failure } = await from((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(failure).toEqual({
      name: 'StageError',
      message: `${url} is larger than the 1000000 bytes that max_bytes allows. Nothing was kept.`,
      hint: expect.stringContaining('raise max_bytes'),
    });
    expect(readFileSync(`${destination}.part`)).toHaveLength(0);
  });

  it('that is announced as too large is not begun', async () => {
    const { failure } = await from((_, response) => {
      response.writeHead(200, { 'content-length': 10 ** 12 }).write('x');
    });
    expect(failure?.message).toContain('max_bytes');
  });

  it('that is packed though nobody asked is refused, not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const { url, failure, destination } = await from((request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    expect(failure?.message).toBe(
      `${url} comes packed (content-encoding: gzip), though it was asked for as it is.`,
    );
    expect(existsSync(destination)).toBe(false);
  });

  it('of which a little comes at a time is broken off, and so is a server that breaks off again and again', async () => {
    const drip = await from(
      (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        const timer = setInterval(() => response.write('x'), 100);
        response.on('close', () => clearInterval(timer));
      },
      { stallMs: 400, retries: 1 },
    );
    expect(drip.failure?.message).toMatch(
      /failed after 1 retries: 127\.0\.0\.1:\d+ sent only \d+ bytes for 0\.4 s/,
    );
    const bits = await from((request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      const headers = {
        etag: '"1"',
        'content-range': `bytes ${start}-99999/100000`,
        'content-length': 100_000 - start,
      };
      response
        .writeHead(start > 0 ? 206 : 200, headers)
        .write('x', () => setTimeout(() => response.destroy(), 20));
    });
    expect(bits.failure?.message).toMatch(/failed after 2 retries/);
    expect(bits.requests()).toBeLessThan(8);
  });
});

describe('an answer that does not fit', () => {
  it.each([206, 304, 204, 416])('%i without being asked for is an error', async (status) => {
    const headers = status === 206 ? { 'content-range': 'bytes 0-3/4' } : {};
    const { failure } = await from((_, response) => response.writeHead(status, headers).end());
    expect(failure).toMatchObject({
      name: 'StageError',
      message: expect.stringContaining(`answered ${status}`),
    });
  });

  it('with a reason phrase of escape sequences shows the words of the standard', async () => {
    const { url, failure } = await from((request) => {
      request.socket.end('HTTP/1.1 404 \x9b2J\x9d0;title\x07\r\ncontent-length: 0\r\n\r\n');
    });
    expect(failure?.message).toMatch(/answered 404 Not Found\.$|broke/);
    expect(failure?.message).toContain(url);
  });

  it('with headers without an end is an error at once', async () => {
    const { failure, requests } = await from((request) => {
      request.socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => request.socket.write(`x: ${'y'.repeat(4000)}\r\n`), 1);
      request.socket.on('close', () => clearInterval(timer)).on('error', () => {});
    });
    expect(failure?.message).toContain('sent headers without an end');
    expect(requests()).toBe(1);
  });

  it('of the wrong length, either way, is an error', async () => {
    const short = await from((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('four', () => response.socket?.destroySoon());
    });
    expect(short.failure?.message).toMatch(/failed after 2 retries/);
  });
});
