import type { StageContext } from '../../contract/stage-context.ts';
import type { Response } from '../../text/responses.ts';
import type { Judgement } from '../../text/scores.ts';
import type { Judge } from './judge-contract.ts';
import type { JudgingProgress } from './judging-progress.ts';

type Context = StageContext<{ readonly concurrency: number }>;

/**
 * Asks a judge for every response, `concurrency` at a time. Throws what the judge throws, and the signal's reason when that
 * is aborted.
 */
export async function judgeResponses(
  judge: Judge,
  responses: readonly Response[],
  context: Context,
  progress: JudgingProgress,
): Promise<Judgement[]> {
  const { settings, signal } = context;
  const ready = await judge.begin(context);
  const judgements: Judgement[] = new Array(responses.length);
  let judged = 0;
  try {
    await inParallel(
      [...responses.entries()],
      settings.concurrency,
      signal,
      async ([index, response], signal) => {
        judgements[index] = await ready.judge(response, index, signal);
        judged += 1;
        progress.add(judgements[index].score);
      },
    );
    return judgements;
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
