import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileServer, startFileServer } from '../servers/file-server.ts';
import { outcomes, Project } from './rig.ts';

const FOLDER = join(import.meta.dirname, '../golden/model-folders/portuguese');
const DATA = '[{"instruction": "a", "output": "b"}]';
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let server: FileServer;
let project: Project;
beforeEach(async () => {
  const model = readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name))] as const);
  server = await startFileServer(
    new Map<string, string | Uint8Array>([['data.json', DATA], ['b.txt', 'b'], ...model]),
  );
});
afterEach(async () => {
  await server.close();
  project.remove();
});

const pipeline = () => `# What is downloaded, and from where.
schema: 1
name: pinned
stages:
  data:   # the instructions
    uses: download
    with:
      url: "${server.url}/data.json"   # as published

  both:
    uses: download
    with: { files: { a: { url: "${server.url}/data.json" }, b: { url: "${server.url}/b.txt" } } }
  format: { uses: format, inputs: { data: data.file }, with: { prompt: plain } }
  model:
    uses: pretrained
    with:
      # Another language.
      source: huggingface
      url: "${server.url}"
`;
const text = () => readFileSync(project.path('p.yaml'), 'utf8');

describe('pipe pin', () => {
  it('writes the digests of what was downloaded, and nothing runs again', async () => {
    project = new Project({ 'p.yaml': pipeline() });
    expect((await project.pipe(['run', 'p.yaml'])).code).toBe(0);
    const asked = server.requests.length;
    const { code, stdout, stderr } = await project.pipe(['pin', 'p.yaml']);
    expect(stderr + stdout).toBe(
      'Pinned data: 1 file. Its result stays.\nPinned both: 2 files. Its result stays.\nPinned model: 5 files. Its result stays.\n',
    );
    expect(code).toBe(0);
    const model = Object.fromEntries(
      ['config.json', 'vocab.json', 'merges.txt', 'generation_config.json', 'model.safetensors'].map(
        (name) => [name, sha256(readFileSync(join(FOLDER, name)))],
      ),
    );
    const pairs = Object.entries(model).map(([name, digest]) => `"${name}": "${digest}"`);
    expect(text()).toBe(
      pipeline()
        .replace('   # as published\n', `   # as published\n      sha256: "${sha256(DATA)}"\n`)
        .replace('data.json" }, b:', `data.json", sha256: "${sha256(DATA)}" }, b:`)
        .replace('b.txt" }', `b.txt", sha256: "${sha256('b')}" }`)
        .replace(/\n$/, `\n      sha256: { ${pairs.join(', ')} }\n`),
    );
    const again = await project.run(['p.yaml']);
    expect(outcomes(again.events)).toEqual({ data: 'hit', both: 'hit', format: 'hit', model: 'hit' });
    expect(server.requests).toHaveLength(asked);
  });

  it('does so once', async () => {
    project = new Project({ 'p.yaml': pipeline() });
    await project.pipe(['pin', 'p.yaml']);
    const pinned = text();
    const { code, stdout } = await project.pipe(['pin', 'p.yaml']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'p.yaml: nothing is downloaded without a pin.\n' });
    expect(text()).toBe(pinned);
  });

  it('fetches first what no stage has fetched, and pins what a fresh machine then gets', async () => {
    project = new Project({ 'p.yaml': pipeline() });
    const { code, stdout } = await project.pipe(['pin', 'p.yaml']);
    expect(code).toBe(0);
    expect(stdout).toContain('Pinned model: 5 files.');
    const fresh = await project.run(['p.yaml', '--artifacts', project.path('other')]);
    expect(new Set(Object.values(outcomes(fresh.events)))).toEqual(new Set(['ran']));
    const kept = await project.run(['p.yaml']);
    expect(outcomes(kept.events)).toMatchObject({ data: 'hit', both: 'hit', model: 'hit' });
  });

  it('changes nothing where a download fails', async () => {
    project = new Project({ 'p.yaml': pipeline().replace('b.txt', 'absent.txt') });
    const before = text();
    const { code, stdout } = await project.pipe(['pin', 'p.yaml']);
    expect(code).toBe(1);
    expect(stdout).toContain('404 Not Found');
    expect(text()).toBe(before);
  });

  it('says where to write what it cannot', async () => {
    project = new Project({
      'base.yaml': pipeline(),
      'p.yaml': 'schema: 1\nextends: ./base.yaml\nname: child\n',
    });
    const before = text();
    const { code, stderr } = await project.pipe(['pin', 'p.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('p.yaml has no map of its own at stages.data.with');
    expect(stderr).toContain(`add: sha256: "${sha256(DATA)}"`);
    expect(text()).toBe(before);
  });

  it('cannot pin what differs between variants', async () => {
    const swept = `schema: 1
name: swept
params: { name: data.json }
sweep: { name: [data.json, b.txt] }
stages:
  data: { uses: download, with: { url: "${server.url}/\${params.name}", name: x } }
`;
    project = new Project({ 'p.yaml': swept });
    const { code, stderr } = await project.pipe(['pin', 'p.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('the variants of data download different files, which one digest cannot pin');
    expect(text()).toBe(swept);
  });
});
