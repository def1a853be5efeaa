import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});
function newProject(stages: string, files: Record<string, string> = {}): Project {
  const project = new Project({ 'x.yaml': `schema: 1\nname: x\nstages:\n${stages}`, ...files });
  projects.push(project);
  return project;
}

describe('the run bit of a file', () => {
  it('reaches commands, also of a program that a stage built, and `pipe get`', async () => {
    const project = newProject(
      `  build: { uses: command, inputs: { source: { file: ./tool.sh } }, with: { run: "cp inputs/source tool; chmod +x tool", outputs: { tool: tool } } }
  use: { uses: command, inputs: { tool: build.tool, own: { file: ./own.sh } }, with: { run: "inputs/tool > o && inputs/own >> o", outputs: { o: o } } }\n`,
      { 'tool.sh': '#!/bin/sh\necho built\n', 'own.sh': '#!/bin/sh\necho own\n' },
    );
    chmodSync(project.path('own.sh'), 0o755);
    expect((await project.run(['x.yaml'])).code).toBe(0);
    expect((await project.pipe(['cat', 'x.yaml', 'use.o'])).stdout).toBe('built\nown\n');
    await project.pipe(['get', 'x.yaml', 'build.tool', 'got']);
    expect(statSync(project.path('got')).mode & 0o777).toBe(0o755);
    chmodSync(project.path('own.sh'), 0o644);
    const { code, events } = await project.run(['x.yaml']);
    expect([code, outcomes(events)]).toEqual([1, { build: 'hit', use: 'failed' }]);
  });
});

describe('symbolic links', () => {
  it('of an output are stored as what they show; what they lead to outside stays as it is', async () => {
    const project = newProject('', { 'mine/precious': 'precious' });
    project.write(
      'x.yaml',
      `schema: 1
name: x
stages:
  a:
    uses: command
    with:
      run: "ln -s ${project.path('mine')} folder; ln -s ${project.path('mine/precious')} file; mkdir own; echo own > own/own; ln -s own/own near; ln -s ../file own/far"
      outputs: { folder: { path: folder, artifact: directory }, file: file, near: near, own: { path: own, artifact: directory } }
`,
    );
    const before = lstatSync(project.path('mine/precious'));
    expect((await project.run(['x.yaml'])).code).toBe(0);
    const printed = async (...output: string[]) => (await project.pipe(['cat', 'x.yaml', ...output])).stdout;
    expect(await printed('a.folder', 'precious')).toBe('precious');
    expect(await printed('a.file')).toBe('precious');
    expect(await printed('a.near')).toBe('own\n');
    expect(await printed('a.own', 'far')).toBe('precious');
    const after = lstatSync(project.path('mine/precious'));
    expect([after.ino, after.mode, after.nlink]).toEqual([before.ino, before.mode, before.nlink]);
    expect(readFileSync(project.path('mine/precious'), 'utf8')).toBe('precious');
  });

  it('that show nothing are found by `validate`, and fail only the stage that reads them', async () => {
    const project = newProject(
      `  independent: { uses: command, with: { run: "echo fine > o", outputs: { o: o } } }
  list: { uses: command, inputs: { data: { file: ./data } }, with: { run: "cat inputs/data/latest > o", outputs: { o: o } } }\n`,
    );
    mkdirSync(project.path('data'));
    symlinkSync('step-100', project.path('data/latest'));
    const { code, stderr } = await project.pipe(['validate', 'x.yaml']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^x\.yaml:5:\d+: error: .*data\/latest: it is a symbolic link to step-100/);
    const run = await project.run(['x.yaml']);
    expect([run.code, outcomes(run.events)]).toEqual([1, { independent: 'ran', list: 'failed' }]);
    project.write('data/step-100', 'hundred');
    expect((await project.pipe(['validate', 'x.yaml'])).code).toBe(0);
    expect(outcomes((await project.run(['x.yaml'])).events)).toEqual({ independent: 'hit', list: 'ran' });
    expect((await project.pipe(['cat', 'x.yaml', 'list.o'])).stdout).toBe('hundred');
  });
});
