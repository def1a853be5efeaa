import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectRoot } from '../../../src/cli/open/project-root.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-root-')));
  mkdirSync(join(folder, 'project/pipelines/deep'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each(['package.json', '.git'])('is the nearest folder above with %s', (mark) => {
  writeFileSync(join(folder, 'project', mark), '');
  expect(projectRoot(join(folder, 'project/pipelines/deep'))).toBe(join(folder, 'project'));
  expect(projectRoot(join(folder, 'project'))).toBe(join(folder, 'project'));
});

it('is the project that holds node_modules for what is installed there', () => {
  const installed = join(folder, 'project/node_modules/pipe/pipelines');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(folder, 'project/package.json'), '');
  writeFileSync(join(folder, 'project/node_modules/pipe/package.json'), '');
  expect(projectRoot(installed)).toBe(join(folder, 'project'));
});

it('is the current folder where nothing marks a project', () => {
  expect(projectRoot(join(folder, 'project'))).toBe(process.cwd());
});
