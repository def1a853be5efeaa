import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DownloadOptions, downloadFile } from '../../../src/stages/network/download-file.ts';
import { PartialFile } from '../../../src/stages/network/partial-file.ts';
import { mutated } from '../../fuzz/mutations.ts';
import { type Fault, type FileServer, startFileServer } from '../../servers/file-server.ts';
import { freshDirectory, removeDirectories } from '../run-stage.ts';

const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 251));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const etag = (bytes: Uint8Array) => `"${sha256(bytes).slice(0, 16)}"`;

const files = new Map<string, Uint8Array>();
let server: FileServer;
let destination: string;

beforeEach(async () => {
  files.clear();
  files.set('weights.bin', content);
  server = await startFileServer(files);
  destination = join(freshDirectory(), 'weights.bin');
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

const get = (options: Partial<DownloadOptions> = {}) =>
  downloadFile({
    url: `${server.url}/weights.bin`,
    destination,
    maxBytes: 1_000_000,
    signal: new AbortController().signal,
    retryDelayMs: 1,
    ...options,
  });
/** Breaks the connection once the part has grown to `size`, by `bytes`. */
const breakAt = (size: number, bytes = size): Fault => ({
  breakAfter: bytes,
  breakWhen: () =>
    vi.waitUntil(() => (statSync(`${destination}.part`, { throwIfNoEntry: false })?.size ?? 0) >= size),
});
/** Leaves the part of an attempt that was killed. */
async function leavePart(bytes: Uint8Array, validator = ''): Promise<void> {
  const part = await PartialFile.open(destination);
  await part.restart(validator);
  await part.append(bytes);
  await part.keep();
  await part.close();
}
const ranges = () => server.requests.map(({ headers }) => headers.range);
const left = () => readdirSync(dirname(destination)).sort();

describe('downloadFile', () => {
  it('brings the file and tells its digest', async () => {
    expect(await get()).toEqual({ digest: sha256(content), bytes: content.length });
    expect(readFileSync(destination).equals(content)).toBe(true);
    expect(left()).toEqual(['weights.bin', 'weights.bin.received']);
  });

  it('keeps a finished file without asking the server', async () => {
    writeFileSync(destination, content);
    await get({ sha256: sha256(content) });
    expect(server.requests).toHaveLength(0);
  });

  it('replaces a finished file that has not the digest of the pin', async () => {
    writeFileSync(destination, 'rubbish');
    await get({ sha256: sha256(content) });
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('follows redirects', async () => {
    server.failNext({ status: 302, headers: { location: '/weights.bin?signature=1' } });
    await get();
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('brings an empty file', async () => {
    files.set('weights.bin', new Uint8Array());
    expect((await get()).bytes).toBe(0);
    expect(existsSync(destination)).toBe(true);
  });
});

describe('after a broken connection', () => {
  it('goes on where it stopped', async () => {
    server.failNext(breakAt(30_000));
    await get();
    expect(readFileSync(destination).equals(content)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=30000-']);
  });

  it('starts over where the file on the server has changed since', async () => {
    server.failNext(breakAt(30_000));
    await get({ retries: 0 }).catch(() => undefined);
    const changed = Buffer.from(content).reverse();
    files.set('weights.bin', changed);
    await get();
    expect(readFileSync(destination).equals(changed)).toBe(true);
  });

  it('starts over where the server knows no ranges', async () => {
    server.failNext(breakAt(30_000), { ignoreRange: true });
    await get();
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('starts over where neither an ETag nor a pin can tell that the halves belong together', async () => {
    server.etags = false;
    server.failNext(breakAt(30_000));
    await get();
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it('goes on without an ETag where the file is pinned, and starts over when the digest is wrong', async () => {
    server.etags = false;
    await leavePart(Buffer.alloc(30_000));
    await get({ sha256: sha256(content) });
    expect(ranges()).toEqual(['bytes=30000-', undefined]);
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('starts over where the part is longer than the file', async () => {
    await leavePart(Buffer.alloc(200_000));
    await get({ sha256: sha256(content) });
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('asks for nothing more where the part was whole already', async () => {
    await leavePart(content);
    await get({ sha256: sha256(content) });
    expect(ranges()).toEqual(['bytes=100000-']);
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('breaks off a connection that gives nothing more', async () => {
    server.failNext({ stallAfter: 30_000 });
    await get({ stallMs: 50 });
    expect(ranges()).toEqual([undefined, 'bytes=30000-']);
  });

  it('bears more failures than `retries` as long as each brings new bytes', async () => {
    server.failNext(...Array.from({ length: 6 }, (_, index) => breakAt(10_000 * (index + 1), 10_000)));
    await get({ retries: 1 });
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('gives up where every try breaks at the same place', async () => {
    server.failNext(...Array.from({ length: 9 }, () => ({ ...breakAt(10_000), ignoreRange: true })));
    await expect(get({ retries: 2 })).rejects.toThrow(
      /^Downloading .*weights\.bin failed after 2 retries: the connection to /,
    );
    expect(server.requests).toHaveLength(3);
  });

  it('is the same file wherever the connection breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 4 }), async (breaks) => {
        const destination = join(freshDirectory(), 'weights.bin');
        server.failNext(...breaks.map((breakAfter) => ({ breakAfter })));
        await get({ destination, sha256: sha256(content) });
        expect(readFileSync(destination).equals(content)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});

describe('what a killed attempt left', () => {
  const DAMAGED = ['weights.bin.part', 'weights.bin.received', 'weights.bin'] as const;

  it('is continued where it is as it was received', async () => {
    await leavePart(content.subarray(0, 30_000), etag(content));
    await get();
    expect(ranges()).toEqual(['bytes=30000-']);
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('is a part or a whole file that nothing proves: it is fetched again', async () => {
    writeFileSync(`${destination}.part`, Buffer.alloc(30_000));
    writeFileSync(`${destination}.part.version`, etag(content)); // of an older version of pipe
    await get();
    writeFileSync(destination, content.subarray(0, 500));
    await get();
    expect(ranges()).toEqual([undefined, undefined]);
    expect(readFileSync(destination).equals(content)).toBe(true);
  });

  it('gives the same unpinned file whatever happened to it', async () => {
    await leavePart(content.subarray(0, 3000), etag(content));
    const directory = dirname(destination);
    const part = readFileSync(`${destination}.part`);
    const received = readFileSync(`${destination}.received`);
    const damages = fc.tuple(fc.constantFrom(...DAMAGED), fc.oneof(mutated(part), mutated(received)));
    await fc.assert(
      fc.asyncProperty(damages, async ([name, bytes]) => {
        for (const file of readdirSync(directory)) rmSync(join(directory, file));
        writeFileSync(`${destination}.part`, part);
        writeFileSync(`${destination}.received`, received);
        writeFileSync(join(directory, name), bytes);
        await get();
        expect(readFileSync(destination).equals(content)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('HTTP statuses', () => {
  it.each([500, 502, 503, 429, 408])('tries again after %i', async (status) => {
    server.failNext({ status });
    await get();
    expect(server.requests).toHaveLength(2);
  });

  it('waits as long as Retry-After asks', async () => {
    const said: string[] = [];
    server.failNext({ status: 503, headers: { 'retry-after': '0' } });
    await get({ retryDelayMs: 60_000, onRetry: (message) => said.push(message) });
    expect(said).toEqual([`Trying again in 0 s: ${server.url}/weights.bin answered 503 Service Unavailable`]);
  });

  it.each([
    [404, 'Not Found', 'Check the URL: there is nothing at this address.'],
    [403, 'Forbidden', 'The server wants a login; only public files can be downloaded.'],
  ])('%i is an error at once', async (status, words, hint) => {
    server.failNext({ status });
    await expect(get()).rejects.toMatchObject({
      name: 'StageError',
      message: `${server.url}/weights.bin answered ${status} ${words}.`,
      hint,
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('errors', () => {
  it('a wrong digest keeps nothing and names the digest to pin', async () => {
    const got = sha256(content);
    await expect(get({ sha256: '0'.repeat(64) })).rejects.toMatchObject({
      message: `${server.url}/weights.bin has another digest than its pin: expected sha256 ${'0'.repeat(64)}, got ${got} (100000 bytes). Nothing was kept.`,
      hint: `If the file was meant to change, pin its new digest: sha256: "${got}"`,
    });
    expect(left()).toEqual([]);
  });

  it('a server that is not there is tried again, then named', async () => {
    await server.close();
    await expect(get({ retries: 1 })).rejects.toMatchObject({
      message: `Downloading ${server.url}/weights.bin failed after 1 retries: ${new URL(server.url).host} refused the connection.`,
      hint: 'Run the same command again: it continues after the part that is here.',
    });
  });

  it('an unknown host is an error at once', async () => {
    await expect(get({ url: 'http://no-such-host.invalid/x', retries: 0 })).rejects.toThrow(
      /no-such-host\.invalid/,
    );
  });

  it('what is not TLS is named', async () => {
    await expect(get({ url: `${server.url.replace('http:', 'https:')}/weights.bin` })).rejects.toThrow(
      /^Cannot download https:.*: no secure connection to 127\.0\.0\.1/,
    );
  });

  it('a query, which can hold a signature, is never shown', async () => {
    server.failNext({ status: 404 });
    const failed = get({ url: `${server.url}/weights.bin?token=secret` });
    await expect(failed).rejects.toThrow(`${server.url}/weights.bin?… answered 404 Not Found.`);
  });

  it('cancelling ends the download with the reason and keeps the part', async () => {
    const cancel = new AbortController();
    server.failNext({ stallAfter: 30_000 });
    const onProgress = () => cancel.abort(new Error('cancelled'));
    await expect(get({ signal: cancel.signal, onProgress })).rejects.toThrow('cancelled');
    expect(left()).toContain('weights.bin.part');
  });
});
