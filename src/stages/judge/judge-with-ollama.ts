import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { FinishedItems } from '../../files/journal.ts';
import { textTemplate } from '../../text/jinja.ts';
import type { Response } from '../../text/responses.ts';
import { ollamaUrl } from '../network/ollama-address.ts';
import type { RetryPolicy } from '../network/retry.ts';
import type { Judgement } from './judgement.ts';
import { type ChatReply, chat, modelDigest, patiently } from './ollama.ts';
import { readScore } from './read-score.ts';
import type { OllamaJudge } from './settings.ts';
import { statistics } from './summary.ts';

interface Settings {
  readonly rationales: number;
  readonly url?: string;
  readonly concurrency: number;
  /** Seconds. */
  readonly reply_timeout: number;
}

type Progress = Parameters<StageContext<Settings>['progress']>[0];

/**
 * Has a language model score every response, `concurrency` at a time; the first `rationales` ones also in free
 * text. Finished items survive a failure in the work directory. Throws StageError when Ollama stays away or
 * lacks the model.
 */
export async function judgeWithOllama(
  judge: OllamaJudge,
  responses: readonly Response[],
  context: StageContext<Settings>,
  retryPolicy?: RetryPolicy,
): Promise<Judgement[]> {
  const { settings, signal } = context;
  const questionOf = textTemplate("The judge's `prompt`", judge.prompt);
  const ollama = patientOllama(judge, context, retryPolicy);
  const digest = await ollama.digest(signal);
  const finished = await FinishedItems.open<Judgement>(context, digest);
  const judgeOne = async (index: number, signal: AbortSignal): Promise<void> => {
    const question = questionOf({ ...responses[index] });
    const { content, doneReason } = await ollama.ask(question + judge.instructions, signal);
    const rationale =
      index < settings.rationales ? { rationale: (await ollama.ask(question, signal)).content } : {};
    // What is kept is taken over by later attempts, so it must be the words of this very model.
    if ((await ollama.digest(signal)) !== digest) throw replaced(judge.model);
    await finished.add([{ index, ...readScore(content, doneReason), reply: content, ...rationale }]);
    context.progress(progressOf(finished, responses.length));
  };
  try {
    context.progress(progressOf(finished, responses.length));
    const open = [...responses.keys()].filter((index) => !finished.items.has(index));
    await inParallel(open, settings.concurrency, signal, judgeOne);
    return [...responses.keys()].map((index) => finished.items.get(index)!);
  } catch (error) {
    context.log(`${finished.items.size} of ${responses.length} items are finished and kept`);
    throw error;
  } finally {
    await finished.close();
  }
}

interface PatientOllama {
  ask(content: string, signal: AbortSignal): Promise<ChatReply>;
  digest(signal: AbortSignal): Promise<string>;
}

/** Ollama with one model, asked again and again while it fails for a moment. */
function patientOllama(
  { model, options }: OllamaJudge,
  { settings, warn }: StageContext<Settings>,
  retryPolicy: RetryPolicy | undefined,
): PatientOllama {
  const url = ollamaUrl(settings.url, process.env);
  return {
    ask: (content, signal) => {
      const question = { model, messages: [{ role: 'user' as const, content }], options };
      const reply = () => chat(url, question, settings.reply_timeout * 1000, signal);
      return patiently(url, reply, signal, warn, retryPolicy);
    },
    digest: (signal) => patiently(url, () => modelDigest(url, model, signal), signal, warn, retryPolicy),
  };
}

function replaced(model: string): StageError {
  return new StageError(`The model ${model} was replaced by another one while it judged.`, {
    hint: 'Run the same command again: the new model judges all items.',
  });
}

function progressOf({ items }: FinishedItems<Judgement>, total: number): Progress {
  const { mean } = statistics([...items.values()]);
  const metrics = mean === null ? {} : { metrics: { mean_score: Number(mean.toFixed(2)) } };
  return { done: items.size, total, unit: 'items', ...metrics };
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
