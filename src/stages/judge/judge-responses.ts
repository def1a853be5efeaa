import type { StageContext } from '../../contract/stage-context.ts';
import { FinishedItems } from '../../files/journal.ts';
import type { Response } from '../../text/responses.ts';
import type { Judgement } from '../../text/scores.ts';
import type { Judge } from './judge-contract.ts';

type Context = StageContext<{ readonly concurrency: number }>;

/**
 * Asks a judge for every response, `concurrency` at a time. Finished items survive a failure in the work directory, if
 * the judge says what they are kept for. Throws what the judge throws, and the signal's reason when that is aborted.
 */
export async function judgeResponses(
  judge: Judge,
  responses: readonly Response[],
  context: Context,
): Promise<Judgement[]> {
  const { settings, signal, warn } = context;
  const ready = await judge.begin(signal, warn);
  const kept =
    ready.keptFor === undefined ? undefined : await FinishedItems.open<Judgement>(context, ready.keptFor);
  const judged = new Judged(responses.length, kept?.items.values());
  try {
    context.progress(judged.progress());
    await inParallel(judged.missing(), settings.concurrency, signal, async (index, signal) => {
      const judgement = await ready.judge(responses[index]!, index, signal);
      await kept?.add([judgement]);
      judged.add(judgement);
      context.progress(judged.progress());
    });
    return judged.all();
  } catch (error) {
    if (kept) context.log(`${kept.items.size} of ${responses.length} items are finished and kept`);
    throw error;
  } finally {
    await kept?.close();
  }
}

/** The judgements so far. Their mean is kept as a sum and a count, because it is asked after every item. */
class Judged {
  readonly #judgements = new Map<number, Judgement>();
  readonly #total: number;
  #scored = 0;
  #sum = 0;

  constructor(total: number, earlier: Iterable<Judgement> = []) {
    this.#total = total;
    for (const judgement of earlier) this.add(judgement);
  }

  add(judgement: Judgement): void {
    this.#judgements.set(judgement.index, judgement);
    if (judgement.score === null) return;
    this.#scored += 1;
    this.#sum += judgement.score;
  }

  missing(): number[] {
    return this.#indices().filter((index) => !this.#judgements.has(index));
  }

  all(): Judgement[] {
    return this.#indices().map((index) => this.#judgements.get(index)!);
  }

  progress(): Parameters<Context['progress']>[0] {
    const mean = this.#sum / this.#scored;
    const metrics = this.#scored > 0 && { metrics: { mean_score: Number(mean.toFixed(2)) } };
    return { done: this.#judgements.size, total: this.#total, unit: 'items', ...metrics };
  }

  #indices(): number[] {
    return Array.from({ length: this.#total }, (_, index) => index);
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
