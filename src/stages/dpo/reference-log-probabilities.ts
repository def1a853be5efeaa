import { setImmediate as eventLoop } from 'node:timers/promises';
import type { StageContext } from '../../contract/stage-context.ts';
import { FinishedItems } from '../../files/journal.ts';
import type { CausalModel } from '../../model/network/causal-model.ts';
import type { Part } from '../../training/objective/objective.ts';
import { type PairOptions, pairLogProbabilities } from '../../training/objective/pair-log-probabilities.ts';
import type { PairLogProbabilities } from '../../training/objective/preference-loss.ts';
import type { PreferencePairs, Reference } from '../../training/objective/preferences.ts';

const PARTS: readonly Part[] = ['train', 'validation'];

/** What the model gives to all pairs of a data set; JSON keeps every bit of the numbers. */
interface FinishedPart {
  /** Of the data set in PARTS. */
  readonly index: number;
  readonly pairs: readonly PairLogProbabilities[];
}

/**
 * What the model, as it is now, gives to all pairs: computed once, and kept in the work directory for attempts that go
 * on from this one.
 */
export async function referenceOf(
  model: CausalModel,
  pairs: PreferencePairs,
  options: PairOptions,
  context: Pick<
    StageContext<unknown>,
    'workDirectory' | 'earlierWorkDirectories' | 'signal' | 'progress' | 'warn'
  >,
): Promise<Reference> {
  const finished = await FinishedItems.open<FinishedPart>(context, 'reference');
  try {
    for (const [index, part] of PARTS.entries()) {
      if (finished.items.has(index)) continue;
      const computed = await pairLogProbabilities(
        model,
        pairs[part],
        options,
        tellProgress(part, pairs, context),
      );
      await finished.add([{ index, pairs: computed }]);
    }
    const [train, validation] = PARTS.map((_, index) => finished.items.get(index)!.pairs);
    return { train: train!, validation: validation! };
  } finally {
    await finished.close();
  }
}

/** Tells of each pair that is done, and ends where the stage is cancelled. */
function tellProgress(
  part: Part,
  pairs: PreferencePairs,
  { signal, progress }: Pick<StageContext<unknown>, 'signal' | 'progress'>,
): (share: number) => Promise<void> {
  const total = pairs[part].length;
  let told = -1;
  return async (share) => {
    await eventLoop();
    signal.throwIfAborted();
    const done = Math.floor(share * total);
    if (done > told) progress({ done, total, unit: `${part} pairs of the reference` });
    told = done;
  };
}
