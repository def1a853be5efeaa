import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MlflowServer, startMlflowServer } from '../servers/mlflow-server.ts';
import { BINARY, type Finished, finished, Project } from './rig.ts';

/* Every example in the help of every verb is run, in the order of the help, in a project that has what the examples name: the shipped
quickstart, trained for one epoch. A verb without examples fails. */

const ROOT = resolve(import.meta.dirname, '../..');
const HELP = execFileSync(process.execPath, [BINARY, '--help'], { encoding: 'utf8' });
const VERBS = [
  ...HELP.split('\nCommands:\n')[1]!
    .split('\n\n')[0]!
    .matchAll(/^ {2}([a-z][\w-]*)/gm),
]
  .map(([, verb]) => verb!)
  .filter((verb) => verb !== 'help');

/** The commands of a help's examples: what stands behind two spaces is a remark. */
function examplesOf(verb: string): readonly string[] {
  const help = execFileSync(process.execPath, [BINARY, verb, '--help'], { encoding: 'utf8' });
  const [, examples = ''] = help.split('\nExamples:\n');
  return [...examples.split('\n\n')[0]!.matchAll(/^ {2}(pipe .*)$/gm)].map(
    ([, line]) => line!.split(/ {2,}/)[0]!,
  );
}

const QUICKSTART = 'pipelines/quickstart.yaml';

/** What the examples of a verb need besides the project. */
const PREPARED: Readonly<Record<string, readonly string[]>> = {
  init: [`printf 'question,answer\\n1,2\\n3,4\\n5,6\\n7,8\\n' > questions.csv`],
  compare: [
    'git checkout --quiet -b work && git commit --quiet --allow-empty --message second',
    `pipe run ${QUICKSTART} --set learning_rate=2e-3 --only judge`,
    `pipe cat ${QUICKSTART} judge.scores > baseline.json`,
    `printf '%s\\n' 'extends: ./quickstart.yaml' 'sweep: { epochs: [1, 2] }' > pipelines/sweep.yaml`,
    'pipe run pipelines/sweep.yaml --only judge --sweep epochs=1,2,3',
  ],
  attach: [`pipe run ${QUICKSTART} --force train --detach`],
  diff: [`pipe run ${QUICKSTART} --set learning_rate=2e-3 --only tokenize`],
  unbundle: [`pipe bundle ${QUICKSTART} --for judge judge.bundle`],
  push: ['mkdir cache && pipe trust create'],
  pull: ['mkdir cache && pipe trust create', `pipe push ${QUICKSTART} --remote file://$PWD/cache`],
  gc: [`printf '%s\\n' 'extends: ./quickstart.yaml' > pipelines/alpaca.yaml`],
};

const KEY = 'ed25519:mzFHzgIYjFRbhagvvDGSs79JBe28xGol1C+fi61fgoQ=';

/** Names in examples that stand for what a reader has. */
function named(command: string, runs: readonly string[], mlflow: string): string {
  const [latest = '', earlier = latest] = runs;
  return command
    .replace('20260101-120000-ab12', earlier)
    .replace('20260102-120000-cd34', latest)
    .replace(/\bab12\b/, earlier.slice(-4))
    .replace(/\bFILE\b/, 'pipelines/sweep.yaml')
    .replace('file:///mnt/cache', 'file://$PWD/cache')
    .replace('ed25519:KEY', KEY)
    .replace('http://127.0.0.1:5000', mlflow);
}

/** Verbs that go on until Ctrl-C, which then is the code that they end with; they have as many seconds. */
const UNTIL_CTRL_C: Readonly<Record<string, number>> = { watch: 5 };

/** Programs of others that examples name; they take anything. */
const STANDINS = { 'xdg-open': 'exit 0', open: 'exit 0', dot: 'cat > /dev/null' };

describe('the examples of the help', () => {
  let base: Project;
  let mlflow: MlflowServer;
  const projects: Project[] = [];
  beforeAll(async () => {
    mlflow = await startMlflowServer();
    base = new Project();
    base.write(QUICKSTART, quickstart());
    mkdirSync(base.path('pipelines/data'));
    cpSync(join(ROOT, 'pipelines/data/quickstart.json'), base.path('pipelines/data/quickstart.json'));
    base.write('.gitignore', 'artifacts/\nbin/\n');
    for (const [name, script] of Object.entries({
      ...STANDINS,
      pipe: `exec ${process.execPath} ${BINARY} "$@"`,
    })) {
      base.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
      chmodSync(base.path('bin', name), 0o755);
    }
    const git =
      'git -c init.defaultBranch=main init --quiet && git add . && git commit --quiet --message first';
    expect(await shell(base, `${git} && pipe run ${QUICKSTART}`)).toMatchObject({ code: 0 });
  }, 240_000);
  afterAll(async () => {
    for (const project of [base, ...projects]) project?.remove();
    await mlflow?.close();
  });

  it('are there for every verb', () => {
    expect(VERBS.length).toBeGreaterThan(20);
    for (const verb of VERBS) expect(examplesOf(verb).join('\n'), verb).toContain(`pipe ${verb}`);
  });

  it.each(VERBS)(
    'of pipe %s can be run',
    async (verb) => {
      const project = new Project();
      projects.push(project);
      cpSync(base.directory, project.directory, { recursive: true });
      for (const line of PREPARED[verb] ?? [])
        expect(await shell(project, line), line).toMatchObject({ code: 0 });
      for (const example of examplesOf(verb)) {
        const runs = (await shell(project, 'pipe runs --json')).stdout;
        const ids = (JSON.parse(runs).runs as readonly { run: string }[]).map(({ run }) => run);
        const seconds = UNTIL_CTRL_C[verb];
        const until = seconds === undefined ? '' : `timeout --signal=INT --preserve-status ${seconds} `;
        const expected = seconds === undefined ? 0 : 130;
        const { code, stdout, stderr } = await shell(project, until + named(example, ids, mlflow.url));
        const more = code === expected ? '' : `\n${stdout}\n${stderr}`;
        expect(`${example}: ${code}${more}`).toBe(`${example}: ${expected}`);
      }
    },
    240_000,
  );
});

/** The shipped pipeline, trained for less time and with a group, which examples of the selection name. */
function quickstart(): string {
  const text = readFileSync(join(ROOT, QUICKSTART), 'utf8');
  const quick = text
    .replace('epochs: 30', 'epochs: 1')
    .replace('  judge:\n    uses: judge\n', '  judge:\n    uses: judge\n    groups: [eval]\n');
  expect(quick).toContain('epochs: 1\n');
  expect(quick).toContain('groups: [eval]');
  return quick;
}

function shell(project: Project, script: string): Promise<Finished> {
  const child = spawn('bash', ['-o', 'pipefail', '-c', script], {
    cwd: project.directory,
    env: {
      PATH: [project.path('bin'), process.env.PATH ?? ''].join(delimiter),
      HOME: project.directory,
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.org' },
      ...{ GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.org' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return finished(child);
}
