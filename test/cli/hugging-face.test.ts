import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TOKENIZER_FILES } from '../../src/model/files/model-folder.ts';
import { closeServer, listen } from '../servers/listen.ts';
import { type Finished, Project } from './rig.ts';

/* A stand-in for Hugging Face (HF_ENDPOINT) with a private repository, and another host that its redirects lead to. */

const TOKEN = 'hf_aSecretThatNobodyElseSees';
const COMMIT = 'c'.repeat(40);
const OTHER_COMMIT = 'd'.repeat(40);
const GOLDEN = join(import.meta.dirname, '../golden/model-folders/portuguese');

interface Seen {
  readonly host: 'hub' | 'elsewhere';
  readonly path: string;
  readonly authorization: string | undefined;
}

let seen: Seen[] = [];
/** Where a file of the hub is redirected to; undefined where the hub has it. */
let redirect: (path: string) => string | undefined = () => undefined;
let hub: string;
let elsewhere: string;
const servers: Server[] = [];
const projects: Project[] = [];

function start(host: Seen['host'], isPrivate: boolean): Promise<string> {
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://host').pathname;
    const { authorization }: IncomingHttpHeaders = request.headers;
    seen.push({ host, path, authorization });
    if (isPrivate && authorization !== `Bearer ${TOKEN}`) {
      response.writeHead(401).end('Access to this model is restricted');
      return;
    }
    if (path.startsWith('/api/')) {
      response.end(JSON.stringify({ sha: COMMIT }));
      return;
    }
    const location =
      host === 'hub' ? redirect(path) : path.startsWith('/back/') ? `${hub}${path.slice(5)}` : undefined;
    if (location !== undefined) {
      response.writeHead(302, { location }).end();
      return;
    }
    const name = path.split('/').at(-1)!;
    if (readdirSync(GOLDEN).includes(name)) response.end(readFileSync(join(GOLDEN, name)));
    else response.writeHead(404).end('Entry not found');
  });
  servers.push(server);
  return listen(server);
}

beforeAll(async () => {
  hub = await start('hub', true);
  elsewhere = await start('elsewhere', false);
});
afterAll(() => Promise.all(servers.map(closeServer)));
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
  seen = [];
  redirect = () => undefined;
});

const pipeline = (settings: string, more = '') => `schema: 1
name: hub
stages:
  get:
    uses: pretrained
    ${more}
    with: { source: huggingface, ${settings} }
`;
const MODEL = 'model: { huggingface: me/private }';

function projectOf(content: string, environment: Record<string, string> = {}): Project {
  const project = new Project({ 'p.yaml': content }, { HF_ENDPOINT: hub, HF_TOKEN: TOKEN, ...environment });
  projects.push(project);
  // No cache of whoever runs the tests.
  project.write('home/.keep', '');
  return project;
}
const run = (project: Project, environment: Record<string, string> = {}): Promise<Finished> =>
  project.pipe(['run', 'p.yaml'], { HOME: project.path('home'), ...environment });

describe('HF_TOKEN', () => {
  it('opens a private repository where the stage declares it, and is nowhere written', async () => {
    const project = projectOf(pipeline(MODEL, 'secrets: [HF_TOKEN]'));
    const { code, stdout, stderr } = await run(project);
    expect(code, stdout).toBe(0);
    expect(seen.map(({ path }) => path)).toContain('/me/private/resolve/main/model.safetensors');
    expect(stdout + stderr).not.toContain(TOKEN);
    for (const path of readdirSync(project.path('artifacts'), { recursive: true, withFileTypes: true })) {
      if (path.isFile())
        expect(readFileSync(join(path.parentPath, path.name), 'latin1')).not.toContain(TOKEN);
    }
  });

  it('is not sent by a stage that does not declare it, whose message says what to do', async () => {
    const { code, stdout } = await run(projectOf(pipeline(MODEL)));
    expect(code).toBe(1);
    expect(stdout).toContain('401 Unauthorized');
    expect(stdout).toContain('Set HF_TOKEN and add to the stage: secrets: [HF_TOKEN]');
    expect(seen.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('is not sent to another address, whatever it asks for', async () => {
    const own = pipeline(`url: "${elsewhere}/me/private"`, 'secrets: [HF_TOKEN]');
    expect((await run(projectOf(own))).code).toBe(0);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every(({ authorization }) => authorization === undefined)).toBe(true);
    seen = [];
    const download = `schema: 1
name: d
stages:
  get: { uses: download, secrets: [HF_TOKEN], with: { url: "${elsewhere}/x/merges.txt" } }
`;
    expect((await run(projectOf(download))).code).toBe(0);
    expect(seen).toEqual([{ host: 'elsewhere', path: '/x/merges.txt', authorization: undefined }]);
  });

  it('is not sent to whoever a redirect leads to, by name or by port, nor back again', async () => {
    redirect = (path) =>
      path.endsWith('model.safetensors') ? `${elsewhere}/cdn/model.safetensors` : undefined;
    expect((await run(projectOf(pipeline(MODEL, 'secrets: [HF_TOKEN]')))).code).toBe(0);
    const away = seen.filter(({ host }) => host === 'elsewhere');
    expect(away).toEqual([{ host: 'elsewhere', path: '/cdn/model.safetensors', authorization: undefined }]);
    seen = [];
    redirect = (path) => (path.endsWith('config.json') ? `${elsewhere}/back/me/stolen.json` : undefined);
    expect((await run(projectOf(pipeline(MODEL, 'secrets: [HF_TOKEN]')))).code).toBe(1);
    expect(seen.at(-1)).toEqual({ host: 'hub', path: '/me/stolen.json', authorization: undefined });
  });

  it('may follow a redirect within the hub, as of a repository that was renamed', async () => {
    redirect = (path) =>
      path.startsWith('/me/private/') ? path.replace('/me/private/', '/me/renamed/') : undefined;
    expect((await run(projectOf(pipeline(MODEL, 'secrets: [HF_TOKEN]')))).code).toBe(0);
  });

  it('needs an address in HF_ENDPOINT, which is of no matter elsewhere', async () => {
    const HF_ENDPOINT = 'mirror.example';
    const refused = await run(projectOf(pipeline(MODEL), { HF_ENDPOINT }));
    expect(refused.stdout).toContain('"mirror.example/me/private/resolve/main" is not a URL');
    const own = projectOf(pipeline(`url: "${elsewhere}/me/private"`), { HF_ENDPOINT });
    expect((await run(own)).code).toBe(0);
  });

  it.each(['two\nlines', 'Bär'])('that is none, %j, is refused without showing it', async (HF_TOKEN) => {
    const project = projectOf(pipeline(MODEL, 'secrets: [HF_TOKEN]'), { HF_TOKEN });
    const { code, stdout } = await run(project);
    expect(code).toBe(1);
    expect(stdout).toContain('HF_TOKEN holds characters that no token has.');
    expect(stdout).not.toContain(HF_TOKEN);
    expect(seen).toEqual([]);
  });
});

describe('the local cache of Hugging Face', () => {
  const SECRET = 'secrets: [HF_TOKEN]';

  /** Writes the files as `hf download` does: blobs, links to them in the commit's snapshot, and what `main` is. */
  function writeCache(
    project: Project,
    folder: string,
    commit: string,
    leaveOut: readonly string[] = [],
  ): void {
    const repository = project.path(folder, 'hub/models--me--private');
    const snapshot = join(repository, 'snapshots', commit);
    for (const path of [join(repository, 'blobs'), join(repository, 'refs'), snapshot])
      mkdirSync(path, { recursive: true });
    writeFileSync(join(repository, 'refs/main'), commit);
    for (const name of readdirSync(GOLDEN).filter((file) => !leaveOut.includes(file))) {
      cpSync(join(GOLDEN, name), join(repository, 'blobs', name));
      symlinkSync(join('../../blobs', name), join(snapshot, name));
    }
  }
  const downloaded = () =>
    seen.filter(({ path }) => /\.(safetensors|json|txt)$/.test(path)).map(({ path }) => path);

  it('stands in for the download of the same commit, and says so', async () => {
    const project = projectOf(pipeline(MODEL, SECRET));
    writeCache(project, 'home/.cache/huggingface', COMMIT);
    const { code, stdout } = await run(project);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(
      /model\.safetensors: \d+ bytes, sha256 [0-9a-f]{64}, from the local Hugging Face cache, commit c{40}/,
    );
    expect(downloaded().filter((path) => !path.includes(`/resolve/${COMMIT}/`))).toEqual([]);
    expect(downloaded()).not.toContain(`/me/private/resolve/${COMMIT}/model.safetensors`);
  });

  it('does not stand in for a branch that is another commit by now', async () => {
    const project = projectOf(pipeline(MODEL, SECRET));
    writeCache(project, 'home/.cache/huggingface', OTHER_COMMIT);
    const { code, stdout } = await run(project);
    expect(code).toBe(0);
    expect(stdout).not.toContain('from the local Hugging Face cache');
    expect(downloaded()).toContain('/me/private/resolve/main/model.safetensors');
  });

  it('lacks a file: that one is downloaded, of the same commit', async () => {
    const project = projectOf(pipeline(MODEL, SECRET));
    writeCache(project, 'home/.cache/huggingface', COMMIT, ['model.safetensors']);
    expect((await run(project)).code).toBe(0);
    expect(downloaded()).toContain(`/me/private/resolve/${COMMIT}/model.safetensors`);
  });

  it('needs no server for a commit that is named, wherever HF_HOME says it is', async () => {
    const project = projectOf(pipeline(`${MODEL}, revision: ${COMMIT}`), {
      HF_ENDPOINT: 'http://127.0.0.1:9',
    });
    writeCache(project, 'elsewhere', COMMIT);
    // What the commit does not have is remembered, too.
    for (const name of [...TOKENIZER_FILES, 'generation_config.json']) {
      if (readdirSync(GOLDEN).includes(name)) continue;
      project.write(`elsewhere/hub/models--me--private/.no_exist/${COMMIT}/${name}`, '');
    }
    const { stdout, code } = await run(project, { HF_HOME: project.path('elsewhere') });
    expect(code, stdout).toBe(0);
  });

  it('is believed by the digest where files are pinned: damaged ones are downloaded', async () => {
    const pins = Object.fromEntries(
      readdirSync(GOLDEN).map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(GOLDEN, name)))
          .digest('hex'),
      ]),
    );
    const project = projectOf(pipeline(`${MODEL}, sha256: ${JSON.stringify(pins)}`, SECRET));
    writeCache(project, 'home/.cache/huggingface', OTHER_COMMIT);
    const blob = project.path('home/.cache/huggingface/hub/models--me--private/blobs/vocab.json');
    mkdirSync(dirname(blob), { recursive: true });
    writeFileSync(blob, '{}');
    const { code, stdout } = await run(project);
    expect(code, stdout).toBe(0);
    expect(downloaded()).toEqual(['/me/private/resolve/main/vocab.json']);
    expect(readFileSync(blob, 'utf8')).toBe('{}');
  });
});
