import { Template } from '@huggingface/jinja';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import type { Response } from '../../text/responses.ts';
import type { OllamaJudge } from '../judge.ts';
import { type RetryPolicy, retry } from '../retry.ts';
import { FinishedItems } from './finished-items.ts';
import type { Judgement } from './judgement.ts';
import { type ChatReply, chat, modelDigest, ollamaUrl, unreachable } from './ollama.ts';
import { readScore } from './read-score.ts';

interface Settings {
  readonly rationales: number;
  readonly url?: string;
  readonly concurrency: number;
  /** Seconds. */
  readonly reply_timeout: number;
}

const RETRY: RetryPolicy = { retries: 5, delayMs: 1000 };

/**
 * Has a language model score every response, `concurrency` at a time; the first `rationales` ones also in free
 * text. Finished items survive a failure in the work directory. Throws StageError when Ollama stays away or
 * lacks the model.
 */
export async function judgeWithOllama(
  judge: OllamaJudge,
  responses: readonly Response[],
  context: StageContext<Settings>,
  retryPolicy: RetryPolicy = RETRY,
): Promise<Judgement[]> {
  const { settings, workDirectory, earlierWorkDirectories } = context;
  const url = ollamaUrl(settings.url, process.env);
  const template = parseTemplate(judge.prompt);
  /** Does something with Ollama, again and again while that fails for a moment. */
  const patiently = <Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> =>
    retry(work, retryPolicy, signal, (error, pauseMs) =>
      context.warn(`${error.message}; asking again in ${pauseMs / 1000} s`),
    ).catch((error: unknown) => {
      throw unreachable(url, error);
    });
  const currentDigest = (signal: AbortSignal) =>
    patiently(() => modelDigest(url, judge.model, signal), signal);
  const ask = (content: string, signal: AbortSignal): Promise<ChatReply> => {
    const messages = [{ role: 'user' as const, content }];
    const question = { model: judge.model, messages, options: judge.options };
    return patiently(() => chat(url, question, settings.reply_timeout * 1000, signal), signal);
  };
  const digest = await currentDigest(context.signal);
  const finished = await FinishedItems.open(workDirectory, earlierWorkDirectories, digest);
  const judgeOne = async (index: number, signal: AbortSignal): Promise<void> => {
    const question = template.render({ ...responses[index] });
    const { content, doneReason } = await ask(question + judge.instructions, signal);
    const rationale = index < settings.rationales ? { rationale: (await ask(question, signal)).content } : {};
    // What is kept is taken over by later attempts, so it must be the words of this very model.
    if ((await currentDigest(signal)) !== digest) {
      throw new StageError(`The model ${judge.model} was replaced by another one while it judged.`, {
        hint: 'Run the same command again: the new model judges all items.',
      });
    }
    await finished.add({ index, ...readScore(content, doneReason), reply: content, ...rationale });
    report();
  };
  const report = () => {
    const scores = [...finished.judgements.values()].flatMap(({ score }) => score ?? []);
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    context.progress({
      done: finished.judgements.size,
      total: responses.length,
      unit: 'items',
      ...(scores.length > 0 ? { metrics: { mean_score: Number(mean.toFixed(2)) } } : {}),
    });
  };
  try {
    report();
    const open = [...responses.keys()].filter((index) => !finished.judgements.has(index));
    await inParallel(open, settings.concurrency, context.signal, judgeOne);
    return [...responses.keys()].map((index) => finished.judgements.get(index)!);
  } catch (error) {
    if (error instanceof StageError)
      context.log(`${finished.judgements.size} of ${responses.length} items are finished and kept`);
    throw error;
  } finally {
    await finished.close();
  }
}

/** Works through the items, so many at a time. After the first failure nothing is begun, and it is thrown. */
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

function parseTemplate(text: string): Template {
  try {
    return new Template(text);
  } catch (error) {
    throw new StageError(
      `The judge's \`prompt\` is not valid Jinja: ${error instanceof Error ? error.message : error}`,
    );
  }
}
