import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, outcomes, Project } from './rig.ts';

/** Outputs of every kind: larger than a record holds, a folder, small ones, and a file input. */
const PIPELINE = `
schema: 1
name: damage
stages:
  large: { uses: command, inputs: { data: { file: ./data.txt } }, with: { run: "cat inputs/data inputs/data > out", outputs: { out: out } } }
  tree:  { uses: command, with: { run: "mkdir o; seq 1 20000 > o/a; echo b > o/b", outputs: { o: { path: o, artifact: directory } } } }
  small: { uses: command, with: { run: "echo small > out", outputs: { out: out } } }
  join:
    uses: command
    inputs: { large: large.out, tree: tree.o, small: small.out }
    with: { run: "cat inputs/large inputs/tree/a inputs/tree/b inputs/small | cksum > sum", outputs: { sum: sum } }
`;
const PRINTED: [string, ...string[]][] = [
  ['large.out'],
  ['tree.o', 'a'],
  ['tree.o', 'b'],
  ['small.out'],
  ['join.sum'],
];

/** What a cache holds: a new kind of file is attacked with all others. */
const FOLDERS = ['actions', 'file-inputs', 'latest', 'objects', 'pipelines', 'recorded-files', 'tidied'];

let project: Project;
/** What \`cat\` prints of each output of a sound cache. */
let sound: string[];
/** All files of the cache, relative to artifacts/cache. */
let files: string[];

beforeAll(async () => {
  project = new Project({ 'damage.yaml': PIPELINE, 'data.txt': 'data '.repeat(20_000) });
  utimesSync(project.path('data.txt'), 1000, 1000);
  await new Promise((later) => setTimeout(later, 2100)); // younger files are read, whatever is remembered
  await project.run(['damage.yaml']);
  sound = [];
  for (const output of PRINTED) sound.push((await project.pipe(['cat', 'damage.yaml', ...output])).stdout);
  expect(sound.every((text) => text !== '')).toBe(true);
  cpSync(project.path('artifacts'), project.path('sound'), { recursive: true, preserveTimestamps: true });
  files = readdirSync(project.path('sound/cache'), { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(project.path('sound/cache', path)).isFile())
    .sort();
  expect(new Set(files.map((path) => path.split('/')[0]))).toEqual(new Set(FOLDERS));
}, 60_000);
afterAll(() => project.remove());

/** Something that can happen to a file; `where` is a place in it, from 0 to 1. */
type Damage = (path: string, where: number) => void;

function changed(change: (bytes: Buffer, position: number) => Buffer): Damage {
  return (path, where) => {
    const [bytes, { atime, mtime }] = [readFileSync(path), statSync(path)];
    chmodSync(path, 0o644);
    writeFileSync(path, change(bytes, Math.floor(where * bytes.length)));
    utimesSync(path, atime, mtime);
  };
}

function replacedBy(make: (path: string) => void): Damage {
  return (path) => {
    rmSync(path);
    make(path);
  };
}

const DAMAGES: Record<string, Damage> = {
  'a flipped bit': changed((bytes, position) => {
    bytes[position]! ^= 1 << (position % 8);
    return bytes;
  }),
  'a truncation': changed((bytes, position) => bytes.subarray(0, position)),
  'zeros to the end': changed((bytes, position) => bytes.fill(0, position)),
  'a new time as well': (path, where) => {
    DAMAGES['a flipped bit']!(path, where);
    utimesSync(path, 2000, 2000);
  },
  'a folder in its place': replacedBy((path) => mkdirSync(path)),
  'a queue in its place': replacedBy((path) => void execFileSync('mkfifo', [path])),
  'a link to nothing in its place': replacedBy((path) => symlinkSync('nowhere', path)),
  'a link to itself in its place': replacedBy((path) => symlinkSync(path, path)),
};

/** The output of a verb is right, or it says which command remakes it, and that command is right. */
async function expectRightOrRemade(output: [string, ...string[]], expected: string): Promise<Finished> {
  const printed = await project.pipe(['cat', 'damage.yaml', ...output]);
  if (printed.code === 0) {
    expect(printed.stdout).toBe(expected);
    return printed;
  }
  expect(printed.stdout).toBe('');
  expect(printed.stderr).not.toContain('internal error');
  const command = / pipe (run .*)$/m.exec(printed.stderr)?.[1];
  expect(command, printed.stderr).toBeDefined();
  expect((await project.pipe(command!.split(' '))).code).toBe(0);
  expect((await project.pipe(['cat', 'damage.yaml', ...output])).stdout).toBe(expected);
  return printed;
}

describe('a damaged cache', () => {
  it('gives right results or misses that are told, whatever file is damaged in whatever way', async () => {
    const cases = fc.record({
      file: fc
        .constantFrom(...FOLDERS)
        .chain((folder) => fc.constantFrom(...files.filter((path) => path.startsWith(folder)))),
      damage: fc.constantFrom(...Object.keys(DAMAGES)),
      where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      first: fc.constantFrom('plan', 'run', 'cat', 'get'),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ file, damage, where, first }) => {
        rmSync(project.path('artifacts'), { recursive: true, force: true });
        rmSync(project.path('got'), { recursive: true, force: true });
        cpSync(project.path('sound'), project.path('artifacts'), {
          recursive: true,
          preserveTimestamps: true,
        });
        DAMAGES[damage]!(project.path('artifacts/cache', file), where);

        const told: string[] = [];
        if (first === 'plan') {
          const plan = await project.pipe(['plan', 'damage.yaml']);
          expect(plan).toMatchObject({ code: 0 });
          told.push(plan.stderr);
        } else if (first === 'get') {
          const got = await project.pipe(['get', 'damage.yaml', 'tree.o', 'got']);
          if (got.code === 0) expect(readFileSync(project.path('got/a'), 'utf8')).toBe(sound[1]);
          else expect(existsSync(project.path('got')), got.stderr).toBe(false);
          told.push(got.stderr);
        } else if (first === 'cat') {
          for (const [index, output] of PRINTED.entries())
            told.push((await expectRightOrRemade(output, sound[index]!)).stderr);
        }
        const run = await project.run(['damage.yaml', '--force', 'join']);
        expect(run).toMatchObject({ code: 0, stderr: '' });
        told.push(...run.events.filter(({ type }) => type === 'cache-problem').map(({ type }) => type));
        expect((await project.pipe(['cat', 'damage.yaml', 'join.sum'])).stdout).toBe(sound[4]);
        for (const [index, output] of PRINTED.entries()) await expectRightOrRemade(output, sound[index]!);

        // What was lost is told; all that the other files save is work.
        if (file.startsWith('actions')) expect(told.join('')).toMatch(/cache/);
        const again = await project.run(['damage.yaml']);
        expect(new Set(Object.values(outcomes(again.events)))).toEqual(new Set(['hit']));
      }),
      {
        numRuns: Number(process.env.PIPE_DAMAGE_RUNS ?? 24),
        seed: Number(process.env.PIPE_DAMAGE_SEED ?? 1),
      },
    );
  }, 600_000);
});
