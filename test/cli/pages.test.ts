import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pageScript } from '../../src/stages/report/page-script.ts';
import { Project } from './rig.ts';

const RESPONSES = [{ instruction: 'Say hello.', input: '', output: 'Hello.', model_response: 'Hello.' }];

const PIPELINE = `schema: 1
name: pages
params: { title: First }
stages:
  judge:
    uses: judge
    inputs: { responses: { file: ./responses.json } }
    with: { judge: reference }
  report:
    uses: report
    inputs: { responses: { file: ./responses.json }, scores: judge.scores }
    with: { title: "\${params.title}" }
`;

describe('the page of a report', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'pages.yaml': PIPELINE, 'responses.json': JSON.stringify(RESPONSES) });
  });
  afterAll(() => project.remove());

  const page = () => readFileSync(project.path('artifacts/reports/pages/report.html'), 'utf8');

  it('is put where a browser can open it, and the run says where', async () => {
    const { code, stdout } = await project.pipe(['run', 'pages.yaml']);
    expect(code).toBe(0);
    expect(stdout.endsWith('\nOpen in a browser: artifacts/reports/pages/report.html\n')).toBe(true);
    expect(page()).toContain('<title>First');
  });

  it('has the script that is in the sources', () => {
    const [, script] = /<script>(.*)<\/script>/s.exec(page())!;
    expect(script).toBe(pageScript);
  });

  it('follows the pipeline, also when its result is cached', async () => {
    await project.pipe(['run', 'pages.yaml', '--set', 'title=Second']);
    expect(page()).toContain('<title>Second');
    await project.pipe(['run', 'pages.yaml']);
    expect(page()).toContain('<title>First');
  });

  it('is remade where it was edited', async () => {
    writeFileSync(project.path('artifacts/reports/pages/report.html'), 'mine');
    await project.pipe(['run', 'pages.yaml']);
    expect(page()).toContain('<title>First');
  });

  it('that is lost in the store is not put there, and the run says how to remake it', async () => {
    const path = project.path('artifacts/reports/pages/report.html');
    const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
    rmSync(project.path('artifacts/cache/objects', digest.slice(0, 2), digest.slice(2)));
    rmSync(path);
    const { code, stdout, stderr } = await project.pipe(['run', 'pages.yaml']);
    expect([code, stdout.includes('Open in a browser'), existsSync(path)]).toEqual([0, false, false]);
    const command = /make it again with: pipe (.*)$/m.exec(stderr)?.[1];
    expect(command).toBe('run pages.yaml --force report');
    await project.pipe(command!.split(' '));
    expect(page()).toContain('<title>First');
  });

  it('is told to people only', async () => {
    const { stdout } = await project.pipe(['run', 'pages.yaml', '--json']);
    expect(stdout).not.toContain('Open in a browser');
    expect(existsSync(project.path('artifacts/reports/pages/report.html'))).toBe(true);
  });
});

describe('the list of all pages', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({
      'pages.yaml': PIPELINE,
      'other.yaml': PIPELINE.replace('name: pages', 'name: other'),
      'responses.json': JSON.stringify(RESPONSES),
    });
  });
  afterAll(() => project.remove());

  const list = () => readFileSync(project.path('artifacts/reports/index.html'), 'utf8');

  it('names each page with its verdict and leads to it', async () => {
    await project.pipe(['run', 'pages.yaml', '--set', 'title=<b>First</b> & last']);
    expect(list()).toContain('<a href="pages/report.html">&lt;b&gt;First&lt;/b&gt; &amp; last</a>');
    expect(list()).toContain('The mean score is 100.0 of 100');
    await project.pipe(['run', 'other.yaml']);
    expect(list().match(/<section id="(pages|other)">/g)).toHaveLength(2);
  });

  it('is left alone by a run that changes no page', async () => {
    writeFileSync(project.path('artifacts/reports/index.html'), 'mine');
    await project.pipe(['run', 'other.yaml']);
    expect(list()).toBe('mine');
    await project.pipe(['run', 'other.yaml', '--set', 'title=Third']);
    expect(list()).toContain('>Third</a>');
  });
});

describe('pipe open', () => {
  let project: Project;
  let environment: Record<string, string>;
  beforeAll(async () => {
    project = new Project({ 'pages.yaml': PIPELINE, 'responses.json': JSON.stringify(RESPONSES) });
    // What a desktop has, on Linux and on macOS.
    for (const name of ['xdg-open', 'open']) {
      project.write(`bin/${name}`, '#!/bin/sh\nprintf %s "$1" >opened.part && mv opened.part opened\n');
      chmodSync(project.path('bin', name), 0o755);
    }
    environment = { PATH: `${project.path('bin')}:${process.env.PATH}` };
  });
  afterAll(() => project.remove());

  /** The address that the browser was given. */
  async function opened(args: readonly string[]): Promise<string> {
    rmSync(project.path('opened'), { force: true });
    const { code, stderr } = await project.pipe(['open', ...args], environment);
    expect([code, stderr]).toEqual([0, '']);
    return await vi.waitFor(() => readFileSync(project.path('opened'), 'utf8'), 10_000);
  }

  it('says what to run if there is no page', async () => {
    const nothing = await project.pipe(['open'], environment);
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('there is no page yet')]);
    const never = await project.pipe(['open', 'pages.yaml'], environment);
    expect([never.code, never.stderr]).toEqual([2, expect.stringContaining('pipe run pages.yaml')]);
    const unknown = await project.pipe(['open', 'nothing'], environment);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no run `nothing`')]);
  });

  it('opens the page of a pipeline', async () => {
    await project.pipe(['run', 'pages.yaml']);
    expect(await opened(['pages.yaml'])).toMatch(/^file:\/\/.*\/artifacts\/reports\/pages\/report\.html$/);
  });

  it('opens the list of all pages if nothing is named', async () => {
    expect(await opened([])).toMatch(/\/artifacts\/reports\/index\.html$/);
  });

  it('opens the page of an earlier run as it was then', async () => {
    const [first] = readdirSync(project.path('artifacts/runs')).sort();
    await project.pipe(['run', 'pages.yaml', '--set', 'title=Second']);
    const page = fileURLToPath(await opened([first!.slice(-4)]));
    expect(page).toBe(project.path('artifacts/reports/pages', first!, 'report.html'));
    expect(readFileSync(page, 'utf8')).toContain('<title>First');
  });

  it('of a sweep opens the page of all variants, and prints the others', async () => {
    project.write(
      'sweep.yaml',
      `${PIPELINE.replace('name: pages', 'name: sweep')}  all:
    uses: report
    inputs: { responses: { file: ./responses.json }, scores: { each: judge.scores } }
sweep: { kind: [reference], title: [First, Second] }
`
        .replace('params: { title: First }', 'params: { title: First, kind: reference }')
        .replace('judge: reference', 'judge: "${params.kind}"'),
    );
    await project.pipe(['run', 'sweep.yaml']);
    expect(await opened(['sweep.yaml'])).toMatch(/\/reports\/sweep\/all\.html$/);
    expect((await project.pipe(['open', 'last'], { PATH: '' })).stdout.split('\n')).toHaveLength(4);
  });

  it('prints the path if nothing opens addresses', async () => {
    const { code, stdout, stderr } = await project.pipe(['open', 'pages.yaml'], { PATH: '' });
    expect([code, stdout, stderr]).toEqual([0, 'artifacts/reports/pages/report.html\n', '']);
  });
});
