import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PartUploads } from '../../../src/cache/remote/stores/part-uploads.ts';
import { S3Store } from '../../../src/cache/remote/stores/s3-store.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

/*
 * Uploads in parts, beside somebody who may write into the bucket as well. The rest is in test/cli/s3.test.ts, with the real binary
 * and with servers of others.
 */

const MB = 1024 * 1024;
const asking = { signal: new AbortController().signal };

let server: S3Server;
let store: S3Store;
let uploads: PartUploads;
let source: { file: string; bytes: number; sha256: string };
let content: Buffer;
let name: string;
beforeEach(async () => {
  server = await S3Server.start();
  const environment = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_ENDPOINT_URL: server.url };
  store = new S3Store(new URL('s3://bucket/cache/'), environment);
  uploads = new PartUploads(`${server.url}/bucket`, 'cache', async ({ headers }) => ({
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    ...headers,
    authorization: 'somebody else',
  }));
  content = Buffer.alloc(50 * MB + 1, 'some content ');
  const file = join(await temporaryDirectory(), 'model');
  await writeFile(file, content);
  source = { file, bytes: content.length, sha256: digestOfBytes(content) };
  name = `cas/${source.sha256}`;
});
afterEach(() => server.close());

const stored = () => server.objects.get(`bucket/cache/${name}`);
const requestsOf = (method: string, wanted: RegExp) => {
  const seen: string[] = [];
  server.instead = ({ method: asked, url }) => {
    if (asked === method && wanted.test(url!)) seen.push(url!);
    return false;
  };
  return seen;
};

it('goes on with an upload that somebody else has begun, and sends again what of it is wrong', async () => {
  const begun = await uploads.begin(name, asking);
  await uploads.send(begun, 1, Buffer.alloc(8 * MB), asking); // as long as ours
  await uploads.send(begun, 2, Buffer.from(content.subarray(8 * MB, 16 * MB)), asking);
  await uploads.send(begun, 3, Buffer.from('short'), asking);
  await uploads.send(begun, 9, Buffer.from('more than there is'), asking);
  const sent = requestsOf('PUT', /partNumber/);
  await store.put(name, source, 'create', asking);
  expect(stored()?.equals(content)).toBe(true);
  expect(sent.map((url) => /partNumber=(\d+)/.exec(url)![1]).sort()).toEqual(['1', '3', '4', '5', '6', '7']);
  expect([...server.uploads]).toEqual([]);
});

it('has at most three parts in memory, and tells of each byte that leaves', async () => {
  let now = 0;
  let most = 0;
  server.instead = (request, response) => {
    if (!/partNumber/.test(request.url!)) return false;
    most = Math.max(most, ++now);
    response.on('finish', () => now--);
    return false;
  };
  let bytes = 0;
  await store.put(name, source, 'create', {
    ...asking,
    onSent: (count) => {
      bytes += count;
    },
  });
  expect(most).toBe(3);
  expect(bytes).toBeGreaterThanOrEqual(content.length);
  expect(bytes).toBeLessThan(content.length + 2000);
});

it('ends what nobody went on with for a week, and nothing younger', async () => {
  const days = (count: number) => new Date(Date.now() - count * 24 * 60 * 60 * 1000);
  const begin = (id: string, key: string, age: number) =>
    server.uploads.set(id, { key, initiated: days(age), parts: new Map() });
  begin('old', 'bucket/cache/cas/other', 8);
  begin('young', 'bucket/cache/cas/other', 6);
  begin('elsewhere', 'bucket/other/cas/x', 8);
  begin('of the same', `bucket/cache/${name}`, 1);
  begin('of the same, too', `bucket/cache/${name}`, 2);
  await store.put(name, source, 'create', asking);
  expect([...server.uploads.keys()]).toEqual(['young', 'elsewhere']);
});

it('uploads anew where it may not list what was begun', async () => {
  await uploads.begin(name, asking);
  server.instead = (request, response) => {
    if (request.method !== 'GET') return false;
    response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    return true;
  };
  await store.put(name, source, 'create', asking);
  expect(stored()?.equals(content)).toBe(true);
});

it('takes it for done where another one has completed the same upload', async () => {
  server.instead = (request) => {
    if (!/partNumber=5/.test(request.url!)) return false;
    server.uploads.clear();
    server.objects.set(`bucket/cache/${name}`, content);
    return false;
  };
  await store.put(name, source, 'create', asking);
  server.objects.clear();
  server.instead = (request) => {
    if (/partNumber=5/.test(request.url!)) server.uploads.clear();
    return false;
  };
  await expect(store.put(name, source, 'create', asking)).rejects.toThrow('404 Not Found: NoSuchUpload');
});

it('takes no answer for success that begins well and ends as an error', async () => {
  server.instead = (request, response) => {
    if (request.method !== 'POST' || !/uploadId/.test(request.url!)) return false;
    response.writeHead(200).end(' \n <Error><Code>InternalError</Code></Error>');
    return true;
  };
  await expect(store.put(name, source, 'create', asking)).rejects.toThrow('InternalError');
  server.instead = (request, response) => {
    if (request.method !== 'POST' || !/uploadId/.test(request.url!)) return false;
    response.writeHead(200).end('<R/>'); // and nothing is there
    return true;
  };
  await expect(store.put(name, source, 'create', asking)).rejects.toThrow('not there as a whole');
});
