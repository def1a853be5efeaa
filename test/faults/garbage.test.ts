import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { digests, Project } from '../cli/rig.ts';
import { noStack, require } from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

const KILLS = LONG ? 200 : 10;
const RUNNERS = LONG ? 8 : 2;
const VARIANTS = 3;

/** What is too large for a record, a folder of it, and a file of the user. */
const PIPELINE = `schema: 1
name: numbers
params: { n: 1 }
stages:
  make:
    uses: command
    with: { run: "seq 1 20000 > big; echo \${params.n} >> big", outputs: { big: big } }
  pack:
    uses: command
    inputs: { big: make.big, note: { file: ./note } }
    with:
      run: "mkdir d; cp inputs/big d/a; cp inputs/note d/b"
      outputs: { d: { path: d, artifact: directory } }
  read:
    uses: command
    inputs: { d: pack.d }
    with: { run: "tail -n 1 inputs/d/a > last", outputs: { last: last } }
`;

/** Everything goes but what the last run needs: whatever the others hit is garbage in the next moment. */
const GC = ['gc', '--runs', '1', '--age', '0s'];

describe('garbage is removed beside runs, and killed while it is', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'p.yaml': PIPELINE, note: 'a note' });
  });
  afterAll(() => project.remove());
  const run = (n: number) => project.run(['p.yaml', '--set', `n=${n}`]);
  const actions = () => readdirSync(project.path('artifacts/cache/actions')).length;

  it(`takes nothing that a run needs, in ${KILLS} kills beside ${RUNNERS} runners`, {
    timeout: KILLS * 20_000,
  }, async (context) => {
    const reference = new Map<number, Readonly<Record<string, string>>>();
    for (let n = 0; n < VARIANTS; n++) {
      const first = await run(n);
      require(first.code === 0, `the first run: ${first.stdout}${first.stderr}`);
      reference.set(n, digests(first.events));
    }
    const tally = new Tally();
    let isOver = false;
    const runner = async (number: number) => {
      for (let round = 0; !isOver; round++) {
        await tally.round('a run beside it', number * 10_000 + round, async (random) => {
          const n = random.below(VARIANTS);
          const ended = await run(n);
          noStack(ended);
          require(ended.code === 0, `exit code ${ended.code}: ${ended.stderr}${ended.stdout.slice(-2000)}`);
          const got = JSON.stringify(digests(ended.events));
          require(got === JSON.stringify(reference.get(n)), `outputs ${got}`);
          return 'right';
        });
      }
    };
    const runners = Array.from({ length: RUNNERS }, (_, number) => runner(number));
    for (let kill = 0; kill < KILLS; kill++) {
      await tally.round('killed', kill, async (random) => {
        const collector = project.start(GC);
        const exit = once(collector, 'exit');
        await setTimeout(80 + random.below(400));
        collector.kill('SIGKILL');
        const [code] = await exit;
        require(code === null || code === 0, `exit code ${code}`);
        return code === 0 ? 'was over' : 'killed';
      });
    }
    isOver = true;
    await Promise.all(runners);

    await tally.round('afterwards', 0, async () => {
      const last = await run(0);
      require(last.code === 0, last.stderr);
      // Those who were killed beside it are taken for being at work for a day; here nobody was.
      const { code, stderr } = await project.pipe(GC);
      require(code === 0 && stderr === '', stderr);
      require(actions() === 3, `${actions()} actions are left, the last run has 3`);
      const again = await run(0);
      require(again.events.every((event) => event.type !== 'stage-started'), 'the last run lost something');
      const verified = await project.pipe(['get', 'p.yaml', 'pack.d', 'copy', '--set', 'n=0']);
      require(verified.code === 0, verified.stderr);
      return 'nothing is lost, nothing is left';
    });
    tally.finish(context);
  });
});
