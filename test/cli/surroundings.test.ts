import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
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
  return () => unlinkSync(project.path(path));
};
const file = (path: string) => (project: Project) => {
  project.write(path, 'in the way');
  return () => unlinkSync(project.path(path));
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

const NOBODY = 65534;

describe.skipIf(process.getuid?.() !== 0)(
  'artifacts that this user cannot write (needs root; skipped elsewhere)',
  () => {
    /** As a user who owns nothing. */
    function asNobody(project: Project, ...args: string[]): Finished {
      const binary = resolve(import.meta.dirname, '../../dist/pipe.cjs');
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, [binary, ...args], {
        cwd: project.directory,
        uid: NOBODY,
        gid: NOBODY,
        env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', NO_COLOR: '1' },
        encoding: 'utf8',
      });
      return { code: status, signal, stdout, stderr };
    }

    it('everything cached: nothing to do, with a warning that the run is not stored', async () => {
      const project = oneStage();
      chmodSync(project.directory, 0o755);
      await project.pipe(['run', 'one.yaml']);
      const { code, stdout, stderr } = asNobody(project, 'run', 'one.yaml');
      expect(stderr).toBe('');
      expect(stdout).toMatch(
        /cache: Cannot store the run: permission is denied \(.*\n[\s\S]*Nothing to do: 1 stage, all cached/,
      );
      expect(code).toBe(0);
      expect(asNobody(project, 'run', 'one.yaml', '--json').stdout).toContain('"run-not-stored"');
    });

    it('a stage must run: one error at once; a plan works, with files as inputs as well', () => {
      const project = oneStage();
      chmodSync(project.directory, 0o755);
      project.write(
        'one.yaml',
        ONE.replace('uses: command,', 'uses: command, inputs: { f: { file: ./package.json } },'),
      );
      mkdirSync(project.path('artifacts'));
      const run = asNobody(project, 'run', 'one.yaml');
      expect(run.code).toBe(1);
      expectMessage(run, /error: Cannot store the run: permission is denied/);
      expect(run.stdout).toMatch(/Failed after .*: nothing was started/);
      expect(asNobody(project, 'plan', 'one.yaml')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('1 stage to run, 0 cached'),
      });
    });
  },
);

describe.skipIf(process.platform !== 'linux')('streams and folders that are gone', () => {
  const BINARY = resolve(import.meta.dirname, '../../dist/pipe.cjs');
  const HOSTILE = ONE.replace(
    'echo x > o',
    `printf 'visible\\\\033]0;T\\\\007\\\\033[2J\\\\302\\\\23331m'; exit 3`,
  );

  it.each([
    [
      'standard output on a full disk',
      '$PIPE plan one.yaml >/dev/full',
      1,
      /error: Cannot write to standard output: the disk is full/,
    ],
    ['standard error closed', '$PIPE plan none.yaml 2>&-', 2, /^$/],
    ['standard error on a full disk', '$PIPE plan none.yaml 2>/dev/full', 2, /^$/],
    ['standard input closed', '$PIPE run one.yaml <&-', 0, /^$/],
    ['standard input, output and error closed', '$PIPE run one.yaml <&- >&- 2>&-', 0, /^$/],
    ['a folder for temporary files that is gone', 'TMPDIR=/none $PIPE run one.yaml', 0, /^$/],
    ['a file as the folder for temporary files', 'TMPDIR=/dev/null $PIPE run one.yaml', 0, /^$/],
    ['an unknown language', 'LANG=tlh_QO.KOI8-R LC_ALL=none $PIPE run one.yaml', 0, /^$/],
    ['a language without an encoding', 'LC_ALL=C $PIPE run one.yaml', 0, /^$/],
    [
      'a limit on the size of files',
      'ulimit -f 1; $PIPE run one.yaml --reporter plain >&2',
      1,
      /Cannot store the events of the run in .*: the file would be larger than is allowed/,
    ],
    [
      'a stream in the place of a file',
      'mkfifo queue; sed "s|uses: command,|& inputs: { d: { file: ./queue } },|" one.yaml > queue.yaml; $PIPE run queue.yaml --reporter plain 2>&1 | grep -A1 "^a failed" >&2; false',
      1,
      /^a failed: .*queue is not a regular file\n {2}It is a queue, a socket or a device/,
    ],
    ['an empty environment', 'env -i $PIPE run one.yaml', 0, /^$/],
    [
      'the current folder deleted',
      'mkdir gone; cd gone; rmdir ../gone; $PIPE status',
      2,
      /error: the current folder does not exist any more/,
    ],
  ])(
    '%s',
    (_, script, code, message) => {
      const project = oneStage();
      const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
        cwd: project.directory,
        env: { PATH: process.env.PATH ?? '', PIPE: `${process.execPath} ${BINARY}`, NO_COLOR: '1' },
        encoding: 'utf8',
        timeout: SECONDS * 1000,
      });
      expect(status).toBe(code);
      expect(stderr).toMatch(message);
      expect(stdout + stderr).not.toMatch(/^ {4}at |fault in pipe/m);
    },
    SECONDS * 1000,
  );

  it.each(['plain', 'github', 'json'])(
    'what a failed program printed reaches no terminal through %s',
    async (reporter) => {
      const project = new Project({ 'one.yaml': HOSTILE });
      projects.push(project);
      const { code, stdout, stderr } = await project.pipe(['run', 'one.yaml', '--reporter', reporter]);
      expect(code).toBe(1);
      expect(stdout).toContain('visible');
      expect(stdout + stderr).not.toMatch(/(?![\n\t])\p{Cc}/u);
    },
    SECONDS * 1000,
  );
});
