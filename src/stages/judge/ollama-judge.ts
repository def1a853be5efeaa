import { messageOf } from '../../contract/message-of.ts';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import type { Problem } from '../../contract/stage-type.ts';
import { ollamaUrl } from '../network/ollama-address.ts';
import type { RetryPolicy } from '../network/retry.ts';
import type { Judge } from './judge-contract.ts';
import { type ChatReply, chat, modelDigest, patiently, unreachable } from './ollama.ts';
import { readScore } from './read-score.ts';
import type { SettingsOf } from './settings.ts';

type Settings = SettingsOf<'ollama'>;
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A language model behind Ollama's API. It scores every response, and gives its verdict on the first `rationales` ones
 * also in free text. Throws StageError if Ollama does not answer or lacks the model.
 */
export function ollamaJudge(settings: Settings, retryPolicy?: RetryPolicy): Judge {
  const { kind, label, model, prompt, instructions } = settings.judge;
  return {
    describe: () => ({ kind, label, language_model: true, model }),

    async preflight({ environment, signal }) {
      try {
        await digestAtOnce(settings, environment, signal);
        return [];
      } catch (error) {
        return [problemOf(error)];
      }
    },

    async observe(signal, warn) {
      const digest = warn
        ? await patientOllama(settings, warn, retryPolicy).digest(signal)
        : await digestAtOnce(settings, process.env, signal);
      return { model_digest: digest };
    },

    async begin(signal, warn) {
      const { textTemplate } = await import('../../text/jinja.ts');
      const questionOf = textTemplate("The judge's `prompt`", prompt);
      const ollama = patientOllama(settings, warn, retryPolicy);
      const digest = await ollama.digest(signal);
      return {
        keptFor: digest,
        async judge(response, index, signal) {
          const question = questionOf({ ...response });
          const { content, doneReason } = await ollama.ask(question + instructions, signal);
          const rationale =
            index < settings.rationales ? { rationale: (await ollama.ask(question, signal)).content } : {};
          // After every item, because each is kept for later attempts: it must be the words of this very model.
          if ((await ollama.digest(signal)) !== digest) throw replaced(model);
          return {
            index,
            ...readScore(content, doneReason === 'length' ? 'length' : 'stop'),
            reply: content,
            ...rationale,
          };
        },
      };
    },
  };
}

interface PatientOllama {
  ask(content: string, signal: AbortSignal): Promise<ChatReply>;
  digest(signal: AbortSignal): Promise<string>;
}

/** Ollama with one model, asked again and again while it fails for a moment. */
function patientOllama(
  { judge: { model, options }, url: address, reply_timeout }: Settings,
  warn: StageContext<unknown>['warn'],
  retryPolicy: RetryPolicy | undefined,
): PatientOllama {
  const url = ollamaUrl(address, process.env);
  return {
    ask: (content, signal) => {
      const question = { model, messages: [{ role: 'user' as const, content }], options };
      const reply = () => chat(url, question, reply_timeout * 1000, signal);
      return patiently(url, reply, signal, warn, retryPolicy);
    },
    digest: (signal) => patiently(url, () => modelDigest(url, model, signal), signal, warn, retryPolicy),
  };
}

/** The model's digest as Ollama reports it now: a planner does not wait for a server. Throws StageError. */
async function digestAtOnce(
  { judge: { model }, url: address }: Settings,
  environment: Environment,
  signal: AbortSignal,
): Promise<string> {
  const url = ollamaUrl(address, environment);
  try {
    return await modelDigest(url, model, signal);
  } catch (error) {
    throw unreachable(url, error);
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof StageError) {
    return { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  return { message: `Ollama could not be asked: ${messageOf(error)}.` };
}

function replaced(model: string): StageError {
  return new StageError(`The model ${model} was replaced by another one while it judged.`, {
    hint: 'Run the same command again: the new model judges all items.',
  });
}
