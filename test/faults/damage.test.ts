import { afterAll, describe, it } from 'vitest';
import { digests } from '../cli/rig.ts';
import { Attacked, type Ended, type StageName } from './attacked.ts';
import { DAMAGE_NAMES, damage, PLACES, type Place } from './damage.ts';
import { allHits, noStack, require, succeeded, whatFailed } from './promises.ts';
import { LONG, type Random } from './seeded.ts';
import { Tally } from './tally.ts';

const ROUNDS = LONG ? 1000 : 100;
const STAGES: readonly StageName[] = ['data', 'large', 'folder', 'orphan'];
/** More than one output reads each: an input that is damaged must not reach what is made of it. */
const CONSUMERS: readonly StageName[] = ['large', 'folder', 'orphan'];
/** Run folders pile up, and listing them takes time. */
const ROUNDS_A_FOLDER = 50;

describe('a file of the artifacts that was damaged', () => {
  const attacked = new Attacked(STAGES);
  afterAll(() => attacked.remove());

  it(`in ${ROUNDS} ways`, { timeout: ROUNDS * 30_000 }, async (context) => {
    const first = await attacked.run();
    const reference = digests(first.events);
    const bytes = new Map<StageName, string | undefined>();
    for (const stage of STAGES) bytes.set(stage, (await attacked.get(stage)).bytes);
    const tally = new Tally();
    const places = Object.keys(PLACES) as Place[];
    for (let round = 0; round < ROUNDS; round++) {
      const place = places[round % places.length]!;
      const kept = await tally.round(`damage: ${place}`, round, async (random) => {
        const how = random.pick(DAMAGE_NAMES);
        const keepTime = random.chance(0.6);
        const file = damage(attacked.artifacts, { place, how, keepTime, random });
        if (file === undefined) return 'no such file';
        try {
          return await expectRepair(attacked, { random, reference, bytes });
        } catch (error) {
          throw new Error(
            `${how} of ${file}, time ${keepTime ? 'kept' : 'new'}: ${(error as Error).message}`,
          );
        }
      });
      if (!kept || round % ROUNDS_A_FOLDER === ROUNDS_A_FOLDER - 1) {
        attacked.forgetAll();
        await attacked.run();
      }
    }
    tally.finish(context);
  });
});

interface Expected {
  readonly random: Random;
  readonly reference: Readonly<Record<string, string>>;
  readonly bytes: ReadonlyMap<StageName, string | undefined>;
}

/** Whoever reads first gets the right bytes or hears of the problem; after two runs all is as before. */
async function expectRepair(attacked: Attacked, { random, reference, bytes }: Expected): Promise<string> {
  const reader = random.pick(['plan', 'status', 'get', 'forced consumer']);
  let refused = false;
  if (reader === 'plan' || reader === 'status') await expectWord(attacked, reader);
  if (reader === 'get') {
    const stage = random.pick(STAGES);
    refused = !(await expectBytes(attacked, stage, bytes.get(stage)));
  }
  // What is forced reads its inputs: they are sound, or are made again before.
  const force = CONSUMERS.flatMap((stage) => ['--force', stage]);
  if (reader === 'forced consumer') succeeded(await attacked.run(force), reference);
  succeeded(await attacked.run(), reference);
  allHits(await attacked.run());
  // What nobody reads in the pipeline is checked when a person reads it, and then made again as the message says.
  for (const stage of STAGES) {
    if (await expectBytes(attacked, stage, bytes.get(stage))) continue;
    refused = true;
    succeeded(await attacked.run(['--force', stage]), reference);
    allHits(await attacked.run());
    require(await expectBytes(
      attacked,
      stage,
      bytes.get(stage),
    ), `${stage} is damaged after it was made again`);
  }
  return refused ? 'refused, then rebuilt' : 'right bytes';
}

async function expectWord(attacked: Attacked, verb: 'plan' | 'status'): Promise<void> {
  const ended = await attacked.pipe([verb, 'x.yaml']);
  noStack(ended);
  require(ended.code === 0, `${verb}: exit code ${ended.code}: ${ended.stderr}`);
  for (const stage of STAGES) require(ended.stdout.includes(stage), `${verb} does not name ${stage}`);
}

/** The right bytes, or false: it was refused with a message and a hint. */
async function expectBytes(
  attacked: Attacked,
  stage: StageName,
  expected: string | undefined,
): Promise<boolean> {
  const got: Ended & { readonly bytes: string | undefined } = await attacked.get(stage);
  noStack(got);
  if (got.code === 0) {
    require(got.bytes === expected, `get ${stage}.out gave other bytes, exit code 0`);
    return true;
  }
  require(got.code === 1 || got.code === 2, `get ${stage}.out: exit code ${got.code}`);
  require(/damaged|not in the cache|not up to date|does not hold/.test(
    whatFailed(got),
  ), `get ${stage}.out does not say why: ${whatFailed(got)}`);
  return false;
}
