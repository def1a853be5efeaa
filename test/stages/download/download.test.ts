import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { download } from '../../../src/stages/download/download.ts';
import { type FileServer, startFileServer } from '../../servers/file-server.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage, world } from '../run-stage.ts';

const data = 'the data';
const digest = createHash('sha256').update(data).digest('hex');
let server: FileServer;

beforeEach(async () => {
  server = await startFileServer(
    new Map([
      ['data.json', data],
      ['vocab.bpe', 'the vocabulary'],
    ]),
  );
});
afterEach(async () => {
  await server.close();
  removeDirectories();
});

const messages = (events: readonly { type: string }[], type: string) =>
  events.flatMap((event) => (event.type === type && 'message' in event ? [event.message] : []));

describe('the download stage', () => {
  it('brings one file to the output `file`', async () => {
    const run = await runStage(download, { with: { url: `${server.url}/data.json`, sha256: digest } });
    expect(readFileSync(run.outputs.file!, 'utf8')).toBe(data);
  });

  it('brings several files to outputs of their own', async () => {
    const run = await runStage(download, {
      with: {
        files: { data: { url: `${server.url}/data.json` }, vocabulary: { url: `${server.url}/vocab.bpe` } },
      },
    });
    expect(readFileSync(run.outputs.data!, 'utf8')).toBe(data);
    expect(readFileSync(run.outputs.vocabulary!, 'utf8')).toBe('the vocabulary');
  });

  it('prints the line that pins a file that is not pinned', async () => {
    const run = await runStage(download, { with: { url: `${server.url}/data.json` } });
    expect(messages(run.events, 'log')).toContain(`To pin it, add under \`with\`: sha256: "${digest}"`);
  });

  it('prints no such line for a pinned file', async () => {
    const run = await runStage(download, { with: { url: `${server.url}/data.json`, sha256: digest } });
    expect(messages(run.events, 'log').join()).not.toContain('To pin it');
  });

  it('tells how far it is in bytes', async () => {
    const run = await runStage(download, { with: { url: `${server.url}/data.json` } });
    expect(run.events).toContainEqual({
      type: 'progress',
      done: data.length,
      total: data.length,
      unit: 'bytes',
      metrics: { file: 'file' },
    });
  });

  it('takes over the part and the finished files of an earlier attempt', async () => {
    const files = {
      vocabulary: { url: `${server.url}/vocab.bpe` },
      data: { url: `${server.url}/data.json` },
    };
    const first = freshDirectory();
    const part = join(first, 'work', 'data.part');
    const partIsThere = () => vi.waitUntil(() => statSync(part, { throwIfNoEntry: false })?.size === 3);
    const broken = { breakAfter: 3, breakWhen: partIsThere };
    server.failNext({}, broken, { status: 403 });
    await expect(runStage(download, { with: { files }, directory: first })).rejects.toThrow('403 Forbidden');
    const earlier = join(first, 'work');
    expect(readdirSync(earlier).sort()).toEqual([
      'data.part',
      'data.received',
      'vocabulary',
      'vocabulary.received',
    ]);
    const seen = server.requests.length;

    const run = await runStage(download, { with: { files }, earlierWorkDirectories: [earlier] });
    expect(server.requests.slice(seen).map(({ path, headers }) => [path, headers.range])).toEqual([
      ['data.json', 'bytes=3-'],
    ]);
    expect(readFileSync(run.outputs.data!, 'utf8')).toBe(data);
    expect(existsSync(join(earlier, 'vocabulary'))).toBe(true);
  });

  it('gives the same bytes twice', async () => {
    const options = { with: { url: `${server.url}/data.json`, sha256: digest } };
    expect((await runStage(download, options)).digests).toEqual((await runStage(download, options)).digests);
  });
});

describe('settings of download', () => {
  it('want a URL or files', () => {
    expect(download.settings).toHaveProperty('oneOf', [{ required: ['url'] }, { required: ['files'] }]);
  });

  it('refuse a digest that is not one', () => {
    expect(() => resolvedSettings(download, { url: 'https://host/x', sha256: '7e09' })).toThrow(
      'settings.sha256',
    );
  });

  it.each(['ftp://host/data.json', 'data.json'])('refuse %s as the URL', (url) => {
    expect(() => resolvedSettings(download, { url })).toThrow('settings.url');
  });

  it.each([
    ['https://', '"https://" is not a URL'],
    [
      'https://me:secret@host/data.json',
      'the URL of host holds a user name or password, which would end up in logs and records',
    ],
  ])('say before anything starts what is wrong with %s', async (url, problem) => {
    const context = { inputBytes: {}, ...world() };
    expect(await download.preflight?.(resolvedSettings(download, { url }), context)).toEqual([
      { message: `Cannot download: ${problem}.` },
    ]);
  });
});
