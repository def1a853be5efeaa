import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { downloadFile } from '../../../src/stages/network/download-file.ts';
import { PartialFile } from '../../../src/stages/network/partial-file.ts';
import { freshDirectory, removeDirectories } from '../run-stage.ts';

/* Servers that send all at once and hang up, as those do that speak HTTP/1.0, to a disk that takes its time. */

const MIB = 1024 * 1024;

let server: Server | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((closed) => server!.close(closed));
  removeDirectories();
});

/** Answers each request with `head` and `content`, and closes the connection. */
async function hangingUp(head: readonly string[], content: Uint8Array): Promise<string> {
  server = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.write([...head, '', ''].join('\r\n'));
        socket.end(content);
      });
  });
  await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.bin`;
}

/** The first bytes take so long that all others have come meanwhile. */
function slowDisk(): void {
  const append = PartialFile.prototype.append;
  vi.spyOn(PartialFile.prototype, 'append').mockImplementationOnce(async function (this: PartialFile, chunk) {
    await delay(300);
    await append.call(this, chunk);
  });
}

const download = (url: string) =>
  downloadFile({
    url,
    destination: join(freshDirectory(), 'weights.bin'),
    maxBytes: 10 * MIB,
    signal: new AbortController().signal,
    retryDelayMs: 1,
    retries: 1,
  });

describe.each([64 * 1024, 128 * 1024, 4 * MIB])('a server that sends %d bytes and hangs up', (bytes) => {
  const content = Buffer.alloc(bytes, 'weights ');
  const digest = createHash('sha256').update(content).digest('hex');

  it.each([
    ['HTTP/1.0, with the length', ['HTTP/1.0 200 OK', `Content-Length: ${bytes}`]],
    ['HTTP/1.0, whose end is that of the connection', ['HTTP/1.0 200 OK']],
    ['HTTP/1.1', ['HTTP/1.1 200 OK', `Content-Length: ${bytes}`, 'Connection: close']],
  ])('%s: the file is whole', async (_, head) => {
    const url = await hangingUp(head, content);
    slowDisk();
    expect(await download(url)).toEqual({ digest, bytes });
  });

  it('is told that it announced more', async () => {
    const url = await hangingUp(['HTTP/1.0 200 OK', `Content-Length: ${bytes + 1}`], content);
    slowDisk();
    await expect(download(url)).rejects.toThrow(/^Downloading .* failed after 1 retries: /);
  });
});
