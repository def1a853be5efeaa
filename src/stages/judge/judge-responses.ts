import type { StageContext } from '../../contract/stage-context.ts';
import type { Response } from '../../text/responses.ts';
import type { Judgement } from '../../text/scores.ts';
import type { Judge } from './judge-contract.ts';

type Context = StageContext<{ readonly concurrency: number }>;

/**
 * Asks a judge for every response, `concurrency` at a time. Throws what the judge throws, and the signal's reason when that
 * is aborted.
 */
export async function judgeResponses(
  judge: Judge,
  responses: readonly Response[],
  context: Context,
): Promise<Judgement[]> {
  const { settings, signal } = context;
  const ready = await judge.begin(context);
  const judged = new Judged(responses.length);
  try {
    context.progress(judged.progress());
    await inParallel(
      [...responses.entries()],
      settings.concurrency,
      signal,
      async ([index, response], signal) => {
        judged.add(await ready.judge(response, index, signal));
        context.progress(judged.progress());
      },
    );
    return judged.all();
  } catch (error) {
    context.log(`${judged.count} of ${responses.length} items are judged, and their answers are kept`);
    throw error;
  } finally {
    await ready.close?.();
  }
}

/** The judgements so far. Their mean is kept as a sum and a count, because it is asked after every item. */
class Judged {
  readonly #judgements = new Map<number, Judgement>();
  readonly #total: number;
  #scored = 0;
  #sum = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get count(): number {
    return this.#judgements.size;
  }

  add(judgement: Judgement): void {
    this.#judgements.set(judgement.index, judgement);
    if (judgement.score === null) return;
    this.#scored += 1;
    this.#sum += judgement.score;
  }

  all(): Judgement[] {
    return Array.from({ length: this.#total }, (_, index) => this.#judgements.get(index)!);
  }

  progress(): Parameters<Context['progress']>[0] {
    const mean = this.#sum / this.#scored;
    const metrics = this.#scored > 0 && { metrics: { mean_score: Number(mean.toFixed(2)) } };
    return { done: this.count, total: this.#total, unit: 'items', ...metrics };
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
