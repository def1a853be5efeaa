import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

/** Two stages whose outputs are too large for their records, for each value of n. */
const PIPELINE = `schema: 1
name: numbers
params: { n: 1 }
stages:
  make:
    uses: command
    with: { run: "seq 1 40000 > big; echo \${params.n} >> big", outputs: { big: big } }
  pack:
    uses: command
    inputs: { big: make.big, note: { file: ./note } }
    with: { run: "mkdir d; cp inputs/big d/a; cp inputs/note d/b", outputs: { d: { path: d, artifact: directory } } }
`;

let project: Project;
beforeEach(() => {
  project = new Project({ 'p.yaml': PIPELINE, note: 'a note' });
});
afterEach(() => project.remove());

const run = async (n: number) => {
  const { code, events } = await project.run(['p.yaml', '--set', `n=${n}`]);
  expect(code).toBe(0);
  const started = events.find((event) => event.type === 'run-started');
  const outcomes = events.flatMap((event) => (event.type === 'stage-finished' ? [event.outcome] : []));
  return { id: started!.run, outcomes };
};
const gc = async (...args: string[]) => {
  const { code, stdout, stderr } = await project.pipe(['gc', ...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};
/** Only what the last run needs. */
const LAST = ['--runs', '1', '--age', '0s'];
const filesIn = (...path: string[]) =>
  readdirSync(project.path('artifacts', ...path), { recursive: true, withFileTypes: true }).flatMap(
    (entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []),
  );

describe('pipe gc', () => {
  it('removes what the kept runs do not need, and nothing else', async () => {
    const one = await run(1);
    const two = await run(2);
    const before = filesIn('cache', 'objects').length;
    const document = await gc(...LAST);
    expect(document.actions.map(({ uses }: { uses: string }) => uses)).toEqual(['command', 'command']);
    expect(document).toMatchObject({
      runs: [one.id],
      kept: [{ run: two.id, reason: 'is one of the last 1' }],
    });
    // The large file and the folder's tree of the first; the note belongs to both.
    expect(before - filesIn('cache', 'objects').length).toBe(document.objects);
    expect(document.bytes_before - document.bytes_after).toBeGreaterThan(200_000);
    expect(readdirSync(project.path('artifacts/runs'))).toEqual([two.id]);
    expect(readdirSync(project.path('artifacts/cache/actions'))).toHaveLength(2);
    expect(existsSync(project.path('artifacts/cache/trash'))).toBe(true);
    expect(filesIn('cache', 'trash')).toEqual([]);
    expect((await run(2)).outcomes).toEqual(['hit', 'hit']);
    expect((await project.pipe(['get', 'p.yaml', 'pack.d', 'copy', '--set', 'n=2'])).code).toBe(0);
    expect((await run(1)).outcomes).toEqual(['ran', 'ran']);
  });

  it('says with --dry-run what would go and why the rest stays, and removes nothing', async () => {
    await run(1);
    await run(2);
    const before = filesIn();
    const { stdout } = await project.pipe(['gc', ...LAST, '--dry-run']);
    expect(stdout).toMatch(/^command +[0-9a-f]{12} +\d+ K?B +last used 20/);
    expect(stdout).toMatch(
      /stays: run \S+ is one of the last 1\nWould remove 2 results, \d objects, 1 run: \d+ KB of \d+ KB\.\n$/,
    );
    expect(filesIn()).toEqual(before);
  });

  it('keeps by default what young runs need', async () => {
    for (const n of [1, 2]) await run(n);
    expect(await gc('--runs', '0')).toMatchObject({ actions: [], objects: 0, runs: [] });
  });

  it('keeps tagged runs, and what pipeline files need as they are now', async () => {
    const one = await run(1);
    expect((await project.pipe(['tag', 'best'])).stdout).toBe(`best  ${one.id}\n`);
    for (const n of [2, 3]) await run(n);
    writeFileSync(project.path('p.yaml'), PIPELINE.replace('n: 1', 'n: 2'));
    const document = await gc('p.yaml', ...LAST);
    expect(document.kept.map(({ reason }: { reason: string }) => reason)).toEqual([
      'is one of the last 1',
      'is tagged best',
    ]);
    expect(document.actions).toEqual([]);
    expect((await run(1)).outcomes).toEqual(['hit', 'hit']);
    expect((await project.pipe(['show', 'best'])).stdout).toContain(one.id);
    await project.pipe(['tag', '--delete', 'best']);
    expect((await gc(...LAST)).runs).toContain(one.id);
  });

  it('with --size removes the longest unused until the cache is that small', async () => {
    for (const n of [1, 2, 3, 1]) await run(n); // 2 is the longest unused now
    const document = await gc(...LAST, '--size', '650KB');
    expect(document.actions).toHaveLength(2);
    expect((await run(3)).outcomes).toEqual(['hit', 'hit']);
    expect((await run(2)).outcomes).toEqual(['ran', 'ran']);
  });

  it('leaves a run that is at work what it needs', async () => {
    await run(1);
    await run(2);
    project.write(
      'slow.yaml',
      PIPELINE.replace('mkdir d;', `until [ -e ${project.path('go')} ]; do sleep 0.1; done; mkdir d;`),
    );
    const slow = project.run(['slow.yaml', '--set', 'n=1']);
    const isStarted = () =>
      readdirSync(project.path('artifacts/runs')).some((id) =>
        /"stage-started"/.test(readFileSync(project.path('artifacts/runs', id, 'events.ndjson'), 'utf8')),
      );
    await run(3);
    await expect.poll(isStarted).toBe(true);
    const { kept } = await gc(...LAST);
    expect(kept.map(({ reason }: { reason: string }) => reason)).toContain('may be at work');
    project.write('go', '');
    const { code, events } = await slow;
    expect(code).toBe(0);
    expect(events.filter((event) => event.type === 'stage-finished').map(({ outcome }) => outcome)).toEqual([
      'hit',
      'ran',
    ]);
  });

  it('leaves the folder of a run that begins in this moment, and what is stored since then', async () => {
    await run(1);
    await run(2);
    const id = '20261127-120000-abcd';
    mkdirSync(project.path('artifacts/runs', id));
    const { kept, actions } = await gc(...LAST);
    expect(kept).toContainEqual({ run: id, reason: 'may be at work' });
    expect(actions).toHaveLength(2);
    expect(existsSync(project.path('artifacts/runs', id))).toBe(true);
    utimesSync(project.path('artifacts/runs', id), 0, 0);
    expect((await gc(...LAST)).runs).toEqual([id]);
  });

  it('gives back what one that was killed has left in the trash', async () => {
    await run(1);
    const [object] = filesIn('cache', 'objects') as [string];
    const place = object.replace('/cache/', '/cache/trash/dead/');
    project.write(place.slice(project.directory.length + 1), readFileSync(object));
    const bytes = readFileSync(object);
    rmSync(object);
    await gc();
    expect(readFileSync(object)).toEqual(bytes);
    expect(filesIn('cache', 'trash')).toEqual([]);
  });

  it('removes the unfinished work of stages that no kept run wants', async () => {
    project.write('bad.yaml', PIPELINE.replace('mkdir d;', 'echo half > $PIPE_WORK/half; exit 1;'));
    await project.run(['bad.yaml', '--keep-failed']);
    const work = () => readdirSync(project.path('artifacts/work'));
    const left = work().length;
    await gc(...LAST);
    expect(work()).toHaveLength(left);
    await run(1);
    await gc(...LAST);
    expect(work()).toEqual([]);
  });

  it('leaves the work of what was handed in to other machines, until nothing was heard of it for a month', async () => {
    project.write('bad.yaml', PIPELINE.replace('mkdir d;', 'echo half > $PIPE_WORK/half; exit 1;'));
    await project.run(['bad.yaml', '--keep-failed']);
    const [action = ''] = readdirSync(project.path('artifacts/work'));
    const [attempt = ''] = readdirSync(project.path('artifacts/work', action));
    const folder = project.path('artifacts/work', action, attempt);
    rmSync(join(folder, 'result.json'));
    const submission = { submission: 1, executor: { kind: 'slurm' }, reference: {}, log: '/dev/null' };
    writeFileSync(join(folder, 'submission.json'), JSON.stringify(submission));
    await run(1);
    await gc(...LAST);
    expect(readdirSync(project.path('artifacts/work'))).toEqual([action]);
    const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))])
      utimesSync(path, longAgo, longAgo);
    await gc(...LAST);
    expect(readdirSync(project.path('artifacts/work'))).toEqual([]);
  });

  it.each([
    [['--runs', '-1'], 'It must be a whole number from 0.'],
    [['--age', 'week'], 'It must be a duration such as 7d or 12h.'],
    [['--size', 'small'], 'It must be a size such as 50GB or 200MB.'],
    [['none.yaml'], 'none.yaml'],
    [['--artifacts', 'nowhere'], 'there is no folder'],
  ])('is refused with %j', async (args, message) => {
    mkdirSync(project.path('artifacts'));
    const { code, stderr } = await project.pipe(['gc', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('pipe tag', () => {
  it('lists tags, moves one, and refuses names that cannot be', async () => {
    const one = await run(1);
    const two = await run(2);
    await project.pipe(['tag', 'best', one.id]);
    await project.pipe(['tag', 'also', 'best']);
    await project.pipe(['tag', 'best', 'last']);
    expect((await project.pipe(['tag'])).stdout.split('\n').sort()).toEqual([
      '',
      `also  ${one.id}`,
      `best  ${two.id}`,
    ]);
    for (const name of ['../up', 'last', '', one.id, '-x'])
      expect((await project.pipe(['tag', '--', name])).code).toBe(2);
    expect((await project.pipe(['tag', '--delete', 'none'])).stderr).toContain('there is no tag `none`');
    expect((await project.pipe(['tag', 'x', 'nope'])).stderr).toContain('there is no run `nope`');
  });
});
