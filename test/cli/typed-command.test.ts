import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BINARY, Project } from './rig.ts';

const FAILS = `
schema: 1
name: fails
stages:
  work: { uses: command, with: { run: "exit 1", outputs: { o: o } } }
`;

describe('the command that continues a run', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({
      'fails.yaml': FAILS,
      'package.json': JSON.stringify({
        scripts: { train: 'pipe run fails.yaml', both: 'true && pipe run fails.yaml' },
      }),
    });
    mkdirSync(project.path('node_modules/.bin'), { recursive: true });
    symlinkSync(BINARY, project.path('node_modules/.bin/pipe'));
  });
  afterAll(() => project.remove());

  /** What a run that was started by this command says at its end. */
  async function toContinue(
    command: string,
    environment: Record<string, string> = {},
  ): Promise<string | undefined> {
    const env = { PATH: process.env.PATH, HOME: project.directory, ...environment };
    const started = promisify(execFile)('sh', ['-c', command], { cwd: project.directory, env });
    const { stdout } = await started.catch((error: { stdout: string }) => error);
    return /^To continue: (.*)$/m.exec(stdout)?.[1];
  }

  it('is the one that was typed: installed, with npx, as a script of package.json, as a file', async () => {
    const installed = { PATH: `${project.path('node_modules/.bin')}:${process.env.PATH}` };
    expect(await toContinue("pipe run 'fails.yaml' --set name=x", installed)).toBe(
      'pipe run fails.yaml --set name=x',
    );
    expect(await toContinue('npx pipe run fails.yaml')).toBe('npx pipe run fails.yaml');
    expect(await toContinue('npm run train')).toBe('npm run train');
    expect(await toContinue("npm run both -- --set 'name=a-b' --no-preflight")).toBe(
      'npm run both -- --set name=a-b --no-preflight',
    );
    const binary = relative(project.directory, BINARY).startsWith('..') ? BINARY : 'dist/pipe.cjs';
    expect(await toContinue(`node ${BINARY} run fails.yaml`)).toBe(`node ${binary} run fails.yaml`);
    expect(await toContinue('./node_modules/.bin/pipe run fails.yaml')).toBe(
      'node_modules/.bin/pipe run fails.yaml',
    );
  }, 60_000);
});
