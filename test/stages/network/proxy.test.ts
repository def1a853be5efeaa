import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { downloadFile } from '../../../src/stages/network/download-file.ts';
import { type FileServer, startFileServer } from '../../servers/file-server.ts';
import { closeServer, listen } from '../../servers/listen.ts';
import { freshDirectory, removeDirectories } from '../run-stage.ts';

let server: FileServer;
let proxy: Server;
/** What the proxy was asked for. */
let asked: string[];
let proxyUrl: string;

beforeEach(async () => {
  asked = [];
  server = await startFileServer(new Map([['data.json', '[1, 2]']]));
  proxy = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    request(incoming.url!, { headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  proxy.on('connect', ({ url }, socket) => {
    asked.push(`CONNECT ${url}`);
    const [host, port] = url!.split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  proxyUrl = await listen(proxy);
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await closeServer(proxy);
  await server.close();
  removeDirectories();
});

async function download(url = `${server.url}/data.json`): Promise<string> {
  const destination = join(freshDirectory(), 'data.json');
  const { signal } = new AbortController();
  await downloadFile({ url, destination, signal, maxBytes: 100, retries: 0, retryDelayMs: 1 });
  return readFileSync(destination, 'utf8');
}

describe('a download', () => {
  it.each(['HTTP_PROXY', 'http_proxy'])('goes through the proxy that %s names', async (name) => {
    vi.stubEnv(name, proxyUrl);
    expect(await download()).toBe('[1, 2]');
    expect(asked).toEqual([`GET ${server.url}/data.json`]);
  });

  it('asks the proxy of HTTPS_PROXY for a tunnel to what is encrypted', async () => {
    vi.stubEnv('HTTPS_PROXY', proxyUrl);
    const encrypted = server.url.replace('http:', 'https:');
    await expect(download(`${encrypted}/data.json`)).rejects.toThrow('(a proxy is set)'); // it speaks no TLS
    expect(asked).toEqual([`CONNECT ${new URL(encrypted).host}`]);
  });

  it('goes straight to the hosts of NO_PROXY, and to all where no proxy is set', async () => {
    expect(await download()).toBe('[1, 2]');
    vi.stubEnv('HTTP_PROXY', proxyUrl);
    vi.stubEnv('NO_PROXY', 'example.com, 127.0.0.1');
    expect(await download()).toBe('[1, 2]');
    expect(asked).toEqual([]);
  });

  it('says that a proxy is set where none answers', async () => {
    vi.stubEnv('HTTP_PROXY', proxyUrl);
    await closeServer(proxy);
    const { host } = new URL(server.url);
    await expect(download()).rejects.toThrow(`${host} (a proxy is set) refused the connection`);
  });

  it('refuses an address of a proxy that is none, without showing it', async () => {
    vi.stubEnv('HTTP_PROXY', 'user:pass word@proxy');
    await expect(download()).rejects.toThrow(/^The address of the proxy is not a URL\.$/);
  });
});
