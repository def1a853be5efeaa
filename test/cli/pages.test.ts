import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
