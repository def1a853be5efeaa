import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Finished, Project } from './rig.ts';

/** Whatever is wrong is found at once. */
const SECONDS = 15;

const ONE = `
schema: 1
name: one
stages:
  a: { uses: command, with: { run: "echo x > o", outputs: { o: o } } }
`;

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});
function oneStage(): Project {
  const project = new Project({ 'one.yaml': ONE });
  projects.push(project);
  return project;
}

/** One message, that of a user's trouble and not of ours. */
function expectMessage({ stdout, stderr }: Finished, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stdout + stderr).not.toMatch(/^ {4}at /m);
  expect(stdout + stderr).not.toContain('fault in pipe');
  expect(stderr.match(/error:/g)).toHaveLength(1);
}

const link = (path: string, target: string) => (project: Project) => {
  mkdirSync(project.path(path, '..'), { recursive: true });
  symlinkSync(target, project.path(path));
  return () => rmSync(project.path(path));
};
const file = (path: string) => (project: Project) => {
  project.write(path, 'in the way');
  return () => rmSync(project.path(path));
};

/** How the folder is broken, which gives back what mends it, and what is said of it. */
const BROKEN: readonly (readonly [string, (project: Project) => () => void, RegExp])[] = [
  ...['artifacts', 'artifacts/cache', 'artifacts/cache/objects', 'artifacts/work', 'artifacts/runs'].flatMap(
    (path) => [
      [
        `${path} on a disk that is not mounted`,
        link(path, '/mnt/not-mounted/a'),
        new RegExp(
          `error: ${path} is a symbolic link to /mnt/not-mounted/a, which does not exist\\. Is the disk mounted\\?`,
        ),
      ] as const,
      [
        `${path} a link to itself`,
        link(path, path.split('/').at(-1)!),
        new RegExp(`error: ${path} is a symbolic link to .*, which leads back to itself`),
      ] as const,
      [
        `a file in the place of ${path}`,
        file(path),
        new RegExp(`a file is where a folder is needed \\(.*/${path}\\)`),
      ] as const,
    ],
  ),
];

describe('an artifacts folder that is none', () => {
  it.each(BROKEN)(
    '%s: run, plan, status and cat say so at once, and it can be mended',
    async (_, breakIt, message) => {
      const project = oneStage();
      const mend = breakIt(project);
      for (const args of [
        ['run', 'one.yaml'],
        ['plan', 'one.yaml'],
        ['status', 'one.yaml'],
        ['status'],
        ['cat', 'one.yaml', 'a.o'],
      ]) {
        const ended = await project.pipe(args);
        expect(ended.code, args.join(' ')).toBe(1);
        expectMessage(ended, message);
      }
      mend();
      expect((await project.pipe(['run', 'one.yaml'])).code).toBe(0);
    },
    SECONDS * 1000,
  );

  it
    .skipIf(process.platform !== 'linux')
    .each([
      '/proc',
      '/proc/none',
      '/dev/null',
      '/dev/null/x',
      `/tmp/${'x'.repeat(300)}`,
      `/tmp/${'x/'.repeat(2100)}`,
    ])(
    '--artifacts %s',
    async (artifacts) => {
      const project = oneStage();
      const ended = await project.pipe(['run', 'one.yaml', '--artifacts', artifacts]);
      expect(ended.code).toBe(1);
      expectMessage(ended, /error: Cannot (create|use|store)/);
    },
    SECONDS * 1000,
  );
});
