import { StageError } from '../../../contract/stage-context.ts';
import type { World } from '../../../contract/world.ts';
import { ollamaUrl } from '../../network/ollama-address.ts';
import type { RetryPolicy } from '../../network/retry.ts';
import type { Judge, JudgeContext } from '../judge-contract.ts';
import type { LanguageModel, Question } from '../language-model/language-model.ts';
import { keyOf, type ModelServer, patiently, problemsOf, reached } from '../language-model/model-server.ts';
import { replySchema, withSeed } from '../language-model/model-settings.ts';
import type { SettingsOf } from '../settings.ts';
import { type ChatRequest, chat, modelDigest, type ReplyBounds } from './ollama-client.ts';

type Settings = SettingsOf<'ollama'>;

/** A score has a few tokens in every form; so much tells what a model says instead. */
const SCORE_TOKENS = 512;
/** Thoughts and verdicts end long before, and a model that repeats itself never ends. */
const MOST_TOKENS = 8192;

/**
 * A language model behind Ollama's API. It scores every response, and gives its verdict on the first `rationales` ones
 * also in free text. Throws StageError if Ollama does not answer or lacks the model.
 */
export function ollamaJudge(settings: Settings, retryPolicy?: RetryPolicy): Judge {
  const { kind, label, model } = settings.judge;
  return {
    describe: () => ({ kind, label, language_model: true, model }),

    preflight: (world) => problemsOf(() => digestAtOnce(settings, world)),

    async observe({ warn, ...world }) {
      if (!warn) return { model_digest: await digestAtOnce(settings, world) };
      const server = serverOf(settings, world);
      const { signal } = world;
      const digest = () => modelDigest(server, model, signal);
      return { model_digest: await patiently(server, digest, signal, warn, retryPolicy) };
    },

    async begin(context) {
      const { languageModelJudge } = await import('../language-model/language-model-judge.ts');
      const language = await ollamaModel(settings, context, retryPolicy);
      return await languageModelJudge(language, settings.judge, settings.rationales, context);
    },
  };
}

async function ollamaModel(
  settings: Settings,
  { signal, warn, ...world }: JudgeContext,
  retryPolicy: RetryPolicy | undefined,
): Promise<LanguageModel> {
  const server = serverOf(settings, { ...world, signal });
  const { model, options, format, think, max_tokens } = settings.judge;
  const patient = <Result>(ask: () => Promise<Result>, signal: AbortSignal) =>
    patiently(server, ask, signal, warn, retryPolicy);
  const digest = await patient(() => modelDigest(server, model, signal), signal);
  return {
    identity: {
      server: 'ollama',
      model_digest: digest,
      options,
      ...(format !== undefined && { format: replySchema(format) }),
      ...(think !== undefined && { think }),
      ...(max_tokens !== undefined && { max_tokens }),
    },
    context:
      typeof options.num_ctx === 'number'
        ? { tokens: options.num_ctx, setting: 'options.num_ctx' }
        : undefined,
    async ask(question, signal) {
      const request = chatRequest(settings, question);
      const reply = await patient(() => chat(server, request, boundsOf(settings, question), signal), signal);
      // After every reply, because each is kept: it must be the words of this very model.
      if ((await patient(() => modelDigest(server, model, signal), signal)) !== digest) throw replaced(model);
      return reply;
    },
  };
}

function chatRequest({ judge }: Settings, { text, asks, repeat }: Question): ChatRequest {
  const { model, options, format, think, keep_alive, max_tokens } = judge;
  return {
    model,
    messages: [{ role: 'user', content: text }],
    options: { ...withSeed(options, repeat), ...(max_tokens !== undefined && { num_predict: max_tokens }) },
    ...(asks === 'score' && format !== undefined && { format: replySchema(format) }),
    ...(think !== undefined && { think }),
    ...(keep_alive !== undefined && { keep_alive }),
  };
}

function boundsOf({ judge, reply_timeout }: Settings, { asks }: Question): ReplyBounds {
  const tokens = judge.max_tokens ?? (asks === 'score' ? SCORE_TOKENS : MOST_TOKENS);
  return { seconds: reply_timeout, tokens, thoughts: Math.max(tokens, MOST_TOKENS) };
}

/** The model's digest as Ollama reports it now: a planner does not wait for a server. Throws StageError. */
async function digestAtOnce(settings: Settings, world: World): Promise<string> {
  const server = serverOf(settings, world);
  return await reached(server, () => modelDigest(server, settings.judge.model, world.signal));
}

function serverOf({ url, api_key }: Settings, world: World): ModelServer {
  return {
    name: 'Ollama',
    url: ollamaUrl(url, world.environment),
    ...keyOf(api_key, 'OLLAMA_API_KEY', world),
    checkHint: 'Check `url` and OLLAMA_HOST.',
    startHint: 'Start it (ollama serve), or check `url` and OLLAMA_HOST.',
  };
}

function replaced(model: string): StageError {
  return new StageError(`The model ${model} was replaced by another one while it judged.`, {
    hint: 'Run the same command again: the new model judges all items.',
  });
}
