import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, it } from 'vitest';
import { digests } from '../cli/rig.ts';
import { Attacked } from './attacked.ts';
import { type Failure, failing } from './hooks.ts';
import { failedWithMessage, noStack, nothingAgain, succeeded } from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

/** Code of the system -> the words of a message that names it. */
const CAUSES: Readonly<Record<string, RegExp>> = {
  ENOSPC: /disk is full|no space/i,
  EACCES: /permission/i,
  EMFILE: /too many (open )?files|too many files are open/i,
  EIO: /EIO|i\/o error|input\/output|disk|read or written/i,
};
/** The short form looks at every so many-th operation only; a host does far fewer than a runner. */
const STEPS = LONG ? { 'pipe.cjs': 1, 'stage-host.cjs': 1 } : { 'pipe.cjs': 23, 'stage-host.cjs': 4 };

describe('a file operation that fails', () => {
  const attacked = new Attacked(['data', 'folder']);
  const hits = attacked.project.path('shared', 'hits');
  afterAll(() => attacked.remove());

  const kinds = (['pipe.cjs', 'stage-host.cjs'] as const).flatMap((process) =>
    Object.keys(CAUSES).flatMap((code) =>
      (code === 'ENOSPC' ? [true, false] : [false]).map((lasts) => ({ process, code, lasts })),
    ),
  );

  it('is named, and harms nothing', { timeout: LONG ? 3_600_000 : 300_000 }, async (context) => {
    const undisturbed = await attacked.run();
    const reference = digests(undisturbed.events);
    succeeded(undisturbed, reference);
    const tally = new Tally();
    for (const [index, kind] of kinds.entries()) {
      let got = true;
      const step = STEPS[kind.process];
      for (let at = 1 + (index % step); got; at += step) {
        await tally.round(
          `${kind.code}${kind.lasts ? ' from then on' : ' once'}: ${kind.process}`,
          at,
          async () => {
            attacked.forgetAll();
            writeFileSync(hits, '');
            const { hit, what } = await attackOnce(attacked, { ...kind, at }, reference, hits);
            got = hit;
            return what;
          },
        );
      }
    }
    tally.finish(context);
  });
});

async function attackOnce(
  attacked: Attacked,
  failure: Failure,
  reference: Readonly<Record<string, string>>,
  hits: string,
): Promise<{ hit: boolean; what: string }> {
  const run = await attacked.run(['--jobs', '1'], failing(attacked, failure, hits));
  const where = readFileSync(hits, 'utf8').trim();
  if (where === '') return { hit: false, what: 'all got through' };
  try {
    if (run.code !== 0) failedWithMessage(run, CAUSES[failure.code]);
    noStack(run);
    if (run.code === 0) succeeded(run, reference);
    const after = await attacked.run();
    succeeded(after, reference);
    nothingAgain(run, after);
    return { hit: true, what: run.code === 0 ? 'it did without' : 'exit code 1 with the cause' };
  } catch (error) {
    throw new Error(`at ${where}: ${(error as Error).message}`);
  }
}
