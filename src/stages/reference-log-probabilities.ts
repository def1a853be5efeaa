import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as eventLoop } from 'node:timers/promises';
import type { StageContext } from '../contract/stage-context.ts';
import type { Gpt2 } from '../model/gpt2.ts';
import { type PairOptions, pairLogProbabilities } from '../training/pair-log-probabilities.ts';
import type { PreferencePairs, Reference } from '../training/preferences.ts';

const FILE = 'reference.json';

/**
 * What the model, as it is now, gives to all pairs: computed once, and kept in the work directory for attempts that go
 * on from this one.
 */
export async function referenceOf(
  model: Gpt2,
  pairs: PreferencePairs,
  options: PairOptions,
  context: Pick<StageContext<unknown>, 'workDirectory' | 'earlierWorkDirectories' | 'signal' | 'progress'>,
): Promise<Reference> {
  const { workDirectory, earlierWorkDirectories, signal, progress } = context;
  for (const directory of [workDirectory, ...earlierWorkDirectories]) {
    const text = await readFile(join(directory, FILE), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text);
  }
  const computed = async (part: 'train' | 'validation') => {
    const total = pairs[part].length;
    let told = -1;
    return await pairLogProbabilities(model, pairs[part], options, async (share) => {
      await eventLoop();
      signal.throwIfAborted();
      const done = Math.floor(share * total);
      if (done > told) progress({ done, total, unit: `${part} pairs of the reference` });
      told = done;
    });
  };
  const reference = { train: await computed('train'), validation: await computed('validation') };
  const unfinished = join(workDirectory, `${FILE}.unfinished`);
  await writeFile(unfinished, JSON.stringify(reference));
  await rename(unfinished, join(workDirectory, FILE));
  return reference;
}
