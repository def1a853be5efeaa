import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

/** Outputs too large for their records; all but one line of `big` are the same for each n, and `pack` shares bytes with nobody. */
const PIPELINE = `schema: 1
name: numbers
params: { n: 1 }
stages:
  same:
    uses: command
    with: { run: "seq 1 30000 > big", outputs: { big: big } }
  make:
    uses: command
    inputs: { big: same.big, note: { file: ./note } }
    with: { run: "cat inputs/big > big; echo \${params.n} >> big", outputs: { big: big } }
  when:
    uses: command
    inputs: { big: make.big }
    with: { run: "mkdir d; cp inputs/big d/a; date +%N > d/time", outputs: { d: { path: d, artifact: directory } } }
`;

let project: Project;
beforeEach(() => {
  project = new Project({ 'p.yaml': PIPELINE, note: 'a note' });
});
afterEach(() => project.remove());

const run = async (n: number) => expect((await project.run(['p.yaml', '--set', `n=${n}`])).code).toBe(0);
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await project.pipe([...args, '--json']);
  return { code, stderr, document: JSON.parse(stdout) };
};
const objects = () =>
  readdirSync(project.path('artifacts/cache/objects'), { recursive: true, withFileTypes: true }).flatMap(
    (entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []),
  );

describe('pipe du', () => {
  it('says of each run what would go with it: what `pipe gc` removes of a run that is not kept', async () => {
    for (const n of [1, 2, 3]) await run(n);
    const { document } = await json('du');
    const [, , oldest] = document.runs;
    expect(oldest).toMatchObject({ pipeline: 'numbers', results: 3, tags: [] });
    const gc = (await json('gc', '--runs', '2', '--age', '0s')).document;
    expect(gc.bytes_before - gc.bytes_after).toBe(oldest.own_bytes);
    expect(gc.bytes_before).toBe(document.object_bytes);
    // What all three share belongs to none of them.
    expect(oldest.bytes - oldest.own_bytes).toBe(sizeOfSeq(30000));
  });

  it('leaves nothing out: its parts are the whole folder', async () => {
    for (const n of [1, 2]) await run(n);
    await project.pipe(['tag', 'best', 'last']);
    const { document } = await json('du');
    const types = document.types.reduce((sum: number, type: { bytes: number }) => sum + type.bytes, 0);
    expect(types + document.input_bytes + document.unused_bytes).toBe(document.object_bytes);
    expect(document.input_bytes).toBe('a note'.length);
    const folders = document.folders.reduce(
      (sum: number, folder: { bytes: number }) => sum + folder.bytes,
      0,
    );
    expect(document.object_bytes + folders).toBe(document.bytes);
    const { stdout } = await project.pipe(['du', '--runs']);
    expect(stdout).toMatch(/^run +pipeline +results +size +only here +tags\n\S+ +numbers +3 .* best\n/);
    expect((await project.pipe(['du', '--artifacts', 'none'])).stderr).toContain('there is no folder');
  });
});

/** Bytes of the numbers up to one, a line each. */
function sizeOfSeq(last: number): number {
  let sum = 0;
  for (let number = 1; number <= last; number++) sum += String(number).length + 1;
  return sum;
}

describe('pipe verify', () => {
  it('reads all that is stored, and finds each flipped bit', async () => {
    await run(1);
    const sound = await json('verify');
    expect(sound).toMatchObject({ code: 0, stderr: '', document: { damaged: [], lost: [], rebuilt: [] } });
    expect(sound.document).toMatchObject({ results: 3, objects: objects().length });
    const victims = objects();
    for (const file of victims) {
      const bytes = readFileSync(file);
      const flipped = Buffer.from(bytes);
      flipped[flipped.length - 1]! ^= 1;
      chmodSync(file, 0o644);
      writeFileSync(file, flipped);
      const { code, document } = await json('verify');
      expect([code, document.damaged.length]).toEqual([1, 1]);
      expect(readdirSync(project.path('artifacts/cache/quarantine')).length).toBeGreaterThan(0);
      writeFileSync(file, bytes);
    }
    const record = readdirSync(project.path('artifacts/cache/actions'), { recursive: true }).find((name) =>
      String(name).endsWith('.json'),
    );
    const path = project.path('artifacts/cache/actions', String(record));
    writeFileSync(path, readFileSync(path, 'utf8').replace('command', 'commend'));
    expect((await json('verify')).document.damaged[0]).toContain('The action record');
  });

  it('says which results are not whole, which is no damage: they are made again', async () => {
    await run(1);
    rmSync(objects().sort((one, other) => readFileSync(other).length - readFileSync(one).length)[0]!);
    const { code, stdout } = await project.pipe(['verify']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^not here: (big|d) of command [0-9a-f]{12}; made again when it is needed\n/);
  });

  it('runs stages again and tells which give something else, and changes no result', async () => {
    await run(1);
    const before = objects();
    const records = () => readdirSync(project.path('artifacts/cache/actions'), { recursive: true }).sort();
    const recorded = records();
    const { code, document } = await json('verify', 'p.yaml', '--rebuild', '100%');
    expect(code).toBe(1);
    expect(document.rebuilt).toMatchObject([
      { stage: 'same', differing: [] },
      { stage: 'make', differing: [] },
      { stage: 'when', differing: ['d'] },
    ]);
    expect(records()).toEqual(recorded);
    expect(before.every((file) => objects().includes(file))).toBe(true);
    const { events } = await project.run(['p.yaml']);
    expect(events.filter((event) => event.type === 'stage-finished').map(({ outcome }) => outcome)).toEqual([
      'hit',
      'hit',
      'hit',
    ]);
  });

  it('rebuilds a sample: at least one, of finished stages alone', async () => {
    expect((await project.pipe(['verify', 'p.yaml', '--rebuild', '5%'])).stderr).toContain(
      'there is no folder',
    );
    await run(1);
    expect((await json('verify', 'p.yaml', '--rebuild', '1%')).document.rebuilt).toHaveLength(1);
    const other = await project.pipe([
      'verify',
      'p.yaml',
      '--rebuild',
      '5%',
      '--set',
      'stages.same.with.run=seq 2 > big',
    ]);
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining('no stage of p.yaml is finished\n  run it first: pipe run p.yaml'),
    ]);
  });

  it.each([
    [['--rebuild', '5'], 'It must be a share such as 5%.'],
    [['--rebuild', '0%'], 'It must be a share such as 5%.'],
    [['--rebuild', '5%'], 'a pipeline file and --rebuild belong together'],
    [['p.yaml'], 'a pipeline file and --rebuild belong together'],
  ])('is refused with %j', async (args, message) => {
    const { code, stderr } = await project.pipe(['verify', ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
