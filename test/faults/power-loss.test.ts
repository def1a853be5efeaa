import { readFileSync } from 'node:fs';
import { afterAll, describe, it } from 'vitest';
import { digests, parseEvents } from '../cli/rig.ts';
import { Attacked, type Ended } from './attacked.ts';
import { CrashableFiles, type FileOperation } from './crashable-files.ts';
import { recorded } from './hooks.ts';
import { allHits, nothingAgain, require, soundStore, succeeded } from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

/** Random choices of what survives, for each prefix of the log, besides the one in which nothing unsynced does. */
const CHOICES = LONG ? 3 : 1;
/** The short form stops at every so many-th operation. */
const STEP = LONG ? 1 : 9;

describe('power loss', () => {
  const attacked = new Attacked(['data', 'folder']);
  afterAll(() => attacked.remove());

  it('after every operation on files', { timeout: LONG ? 7_200_000 : 300_000 }, async (context) => {
    const log = attacked.project.path('shared', 'operations');
    const whole = await attacked.run([], recorded(attacked, log));
    const reference = digests(whole.events);
    succeeded(whole, reference);
    const operations = readFileSync(log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as FileOperation);
    require(operations.length > 100, `only ${operations.length} operations were recorded`);
    const tally = new Tally();
    for (let length = 1; length <= operations.length; length += STEP) {
      for (let choice = 0; choice <= CHOICES; choice++) {
        const kind =
          choice === 0 ? 'power loss: only what was synced' : 'power loss: some of what was not synced';
        await tally.round(kind, length + choice * 10_000, async (random) => {
          const files = new CrashableFiles(attacked.artifacts);
          const done = operations.slice(0, length);
          for (const operation of done) files.apply(operation);
          files.crashTo(attacked.artifacts, choice === 0 ? undefined : random);
          try {
            const after = await attacked.run();
            succeeded(after, reference);
            nothingAgain(reported(whole, done), after);
            allHits(await attacked.run());
            soundStore(attacked);
            return 'right';
          } catch (error) {
            const { name, paths } = done.at(-1)!;
            throw new Error(`after ${name} ${paths.join(' -> ')}: ${(error as Error).message}`);
          }
        });
      }
    }
    tally.finish(context);
  });
});

/** The run as far as it had reported when the power went: what a user has seen finished is finished. */
function reported(whole: Ended, done: readonly FileOperation[]): Ended {
  const last = done.findLast(({ name, paths }) => name === 'write' && paths[0].endsWith('events.ndjson'));
  const text = Buffer.from(last?.content ?? '', 'base64').toString();
  return { ...whole, events: parseEvents(text) };
}
