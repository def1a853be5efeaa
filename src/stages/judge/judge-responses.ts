import type { StageContext } from '../../contract/stage-context.ts';
import type { Response } from '../../text/responses.ts';
import type { Judgement } from '../../text/scores.ts';
import type { Judge } from './judge-contract.ts';
import type { JudgingProgress } from './judging-progress.ts';
import { TokenBudget } from './token-budget.ts';

type Context = StageContext<{
  readonly concurrency: number;
  readonly budget?: { readonly tokens: number };
}>;

/**
 * Asks a judge for every response, `concurrency` at a time, until its budget is spent. Throws what the judge throws, and
 * the signal's reason when that is aborted.
 */
export async function judgeResponses(
  judge: Judge,
  responses: readonly Response[],
  context: Context,
  progress: JudgingProgress,
): Promise<Judgement[]> {
  const { settings, signal } = context;
  const ready = await judge.begin(context);
  const judgements: (Judgement | undefined)[] = new Array(responses.length);
  const budget = new TokenBudget(settings.budget?.tokens);
  let judged = 0;
  try {
    await inParallel(
      [...responses.entries()],
      settings.concurrency,
      signal,
      async ([index, response], signal) => {
        if (budget.isSpent) return progress.add(null);
        const { spent_tokens = 0, ...judgement } = await ready.judge(response, index, signal);
        judgements[index] = judgement;
        budget.spend(index, spent_tokens);
        judged += 1;
        progress.add(judgement.score);
      },
    );
    return budget.applied(judgements);
  } catch (error) {
    context.log(`${judged} of ${responses.length} items are judged, and their answers are kept`);
    throw error;
  } finally {
    await ready.close?.();
  }
}

/** Works through the items, `concurrency` at a time. After the first failure no item is begun, and it is thrown. */
async function inParallel<Item>(
  items: readonly Item[],
  concurrency: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = items.values();
  const worker = async () => {
    try {
      for (const item of queue) {
        either.throwIfAborted();
        await work(item, either);
      }
    } catch (error) {
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  failed.signal.throwIfAborted();
}
