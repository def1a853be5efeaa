import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writeModelFolder } from '../../src/model/files/model-folder.ts';
import { configOf } from '../../src/model/files/model-piece.ts';
import { randomWeights } from '../../src/model/network/random-weights.ts';
import { writeOpenAiCheckpoint } from '../fixtures/openai-checkpoint.ts';
import { type FileServer, startFileServer } from '../servers/file-server.ts';
import { closeServer, listen } from '../servers/listen.ts';
import { freshDirectory, removeDirectories } from '../stages/run-stage.ts';
import { Project } from './rig.ts';

/*
 * A server that answers wrongly once, with status 200: pages of a login or a proxy, git-lfs pointers, damaged files. The next run
 * must ask again and succeed, whatever came before.
 */

const MODEL = { n_layer: 1, n_head: 2, n_embd: 8, n_positions: 16, vocab_size: 257, eos_token_id: 256 };
const SHAPE = configOf({ ...MODEL, layer_norm_epsilon: 1e-5 }, true);
const PAGE = '<!DOCTYPE html><html><body>Please sign in</body></html>';
const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12\n';

/** What is answered in the place of a file; undefined for the file itself. */
type Trick = (path: string) => { readonly body: string; readonly type?: string } | undefined;

let files: FileServer;
let server: Server;
let url: string;
let folders: Record<'huggingface' | 'openai', string>;
let trick: Trick = () => undefined;
let requests: string[] = [];

beforeAll(async () => {
  folders = { huggingface: freshDirectory(), openai: freshDirectory() };
  await writeModelFolder(folders.huggingface, SHAPE, randomWeights(SHAPE, 1));
  await writeOpenAiCheckpoint(folders.openai, SHAPE, 1);
  const answer: RequestListener = (request, response) => {
    const path = request.url!.slice(1);
    requests.push(path);
    const instead = trick(path);
    if (instead) {
      const { body, type = 'application/octet-stream' } = instead;
      response.writeHead(200, { 'content-type': type }).end(body);
    } else response.writeHead(307, { location: `${files.url}/${path}` }).end();
  };
  server = createServer(answer);
  url = await listen(server);
});
afterAll(async () => {
  await closeServer(server);
  removeDirectories();
});

const projects: Project[] = [];
afterEach(async () => {
  for (const project of projects.splice(0)) project.remove();
  trick = () => undefined;
  requests = [];
  await files?.close();
});

const pipeline = (stage: string) => `schema: 1
name: poisoned
stages:
  get: ${stage}
`;

async function projectOf(content: string, served: string | Map<string, string>): Promise<Project> {
  files = await startFileServer(served);
  const project = new Project({ 'p.yaml': content });
  projects.push(project);
  return project;
}
const pretrained = (source: string) =>
  pipeline(
    `{ uses: pretrained, with: { source: ${source}, model: ${JSON.stringify(MODEL)}, url: "${url}" } }`,
  );

describe('a file of a model that is not what it should be', () => {
  it.each([
    ['huggingface', 'config.json', PAGE, 'The answer is a web page and not the file'],
    ['huggingface', 'config.json', '{"model_type": "gpt2"}', 'config.json: n_layer is undefined'],
    ['huggingface', 'config.json', '{"n_lay', 'config.json: not JSON'],
    ['huggingface', 'model.safetensors', POINTER, 'The answer is a git-lfs pointer and not the file'],
    ['huggingface', 'model.safetensors', 'rubbish that is long enough', 'model.safetensors: '],
    ['openai', 'hparams.json', PAGE, 'The answer is a web page and not the file'],
    ['openai', 'hparams.json', '[', 'hparams.json: not JSON'],
    ['openai', 'checkpoint', 'rubbish', 'checkpoint: there is no line'],
    ['openai', 'model.ckpt.index', 'rubbish', 'model.ckpt.index'],
    ['openai', 'model.ckpt.data-00000-of-00001', 'rubbish', 'model.ckpt.data-00000-of-00001: cut short'],
  ] as const)('%s: %s, once %j, is asked for again by the next run', async (source, name, body, message) => {
    const project = await projectOf(pretrained(source), folders[source]);
    trick = (path) => (path === name ? { body } : undefined);
    for (const _ of [1, 2]) {
      const { code, stdout } = await project.pipe(['run', 'p.yaml']);
      expect(stdout).toContain(message);
      expect(stdout).toContain(`${url}/${name}`);
      expect(stdout).not.toMatch(/\n\s+at /);
      expect(code).toBe(1);
    }
    trick = () => undefined;
    requests = [];
    const { code } = await project.pipe(['run', 'p.yaml']);
    expect(code).toBe(0);
    expect(requests).toContain(name);
  });

  it('keeps what was right of the same attempt', async () => {
    const project = await projectOf(pretrained('openai'), folders.openai);
    trick = (path) => (path === 'model.ckpt.index' ? { body: 'rubbish' } : undefined);
    await project.pipe(['run', 'p.yaml']);
    trick = () => undefined;
    requests = [];
    expect((await project.pipe(['run', 'p.yaml'])).code).toBe(0);
    expect(requests).toEqual(['model.ckpt.index', 'model.ckpt.data-00000-of-00001']);
  });
});

describe('--force', () => {
  it('takes nothing over from earlier runs', async () => {
    const project = await projectOf(pretrained('openai'), folders.openai);
    trick = (path) => (path === 'model.ckpt.index' ? { body: 'rubbish' } : undefined);
    await project.pipe(['run', 'p.yaml']);
    trick = () => undefined;
    requests = [];
    expect((await project.pipe(['run', 'p.yaml', '--force', 'get'])).code).toBe(0);
    expect(requests[0]).toBe('hparams.json');
    expect(requests).toHaveLength(4);
  });
});

describe('a download of data', () => {
  const download = (name: string) => pipeline(`{ uses: download, with: { url: "${url}/${name}" } }`);

  it.each([
    ['data.json', PAGE, 'application/json'],
    ['data.jsonl', ` \n<!-- sign in -->\n<html lang="en">`, 'text/html; charset=utf-8'],
    ['data.csv', '<div>Please sign in</div>', 'text/html'],
    ['data.parquet', PAGE, 'text/html'],
    ['model.safetensors', POINTER, 'text/plain'],
  ])('refuses what is none: %s', async (name, body, type) => {
    const project = await projectOf(download(name), new Map([[name, '[]']]));
    trick = () => ({ body, type });
    const first = await project.pipe(['run', 'p.yaml']);
    expect(first.stdout).toMatch(/The answer is a (web page|git-lfs pointer) and not the file, from /);
    expect(first.stdout).toContain(`${url}/${name}`);
    expect(first.code).toBe(1);
    trick = () => undefined;
    expect((await project.pipe(['run', 'p.yaml'])).code).toBe(0);
  });

  it.each([
    ['page.html', PAGE, 'text/html'],
    ['data.json', '{"html": "<html>"}', 'text/html'],
    ['data.csv', '<ticker>,<date>\nA,1\n', 'text/csv'],
  ])('takes what is meant: %s as %j', async (name, body, type) => {
    const project = await projectOf(download(name), new Map());
    trick = () => ({ body, type });
    expect((await project.pipe(['run', 'p.yaml'])).code).toBe(0);
  });
});
