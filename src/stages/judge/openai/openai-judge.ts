import type { JsonObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import type { World } from '../../../contract/world.ts';
import { urlProblem } from '../../../network/network-error.ts';
import type { RetryPolicy } from '../../network/retry.ts';
import type { Judge } from '../judge-contract.ts';
import type { LanguageModel, Question } from '../language-model/language-model.ts';
import { keyOf, type ModelServer, patiently, problemsOf, reached } from '../language-model/model-server.ts';
import { replySchema, withSeed } from '../language-model/model-settings.ts';
import type { SettingsOf } from '../settings.ts';
import { complete, requireModel } from './openai-client.ts';

type Settings = SettingsOf<'openai'>;

const OPENAI = 'https://api.openai.com/v1';
/** More than any score or verdict takes; such servers bill by the token. */
const MOST_TOKENS = 1024;

/**
 * A language model behind any server with the API of OpenAI. Such a server says nothing of the weights behind a name, so
 * its address is the fact that is observed.
 */
export function openAiJudge(settings: Settings, retryPolicy?: RetryPolicy): Judge {
  const { kind, label, model, context_tokens } = settings.judge;
  return {
    describe: () => ({ kind, label, language_model: true, model }),

    preflight: (world) =>
      problemsOf(async () => {
        const server = serverOf(settings, world);
        await reached(server, () => requireModel(server, model, world.signal));
      }),

    observe: async (world) => ({ server: serverOf(settings, world).url }),

    async begin(context) {
      const { languageModelJudge } = await import('../language-model/language-model-judge.ts');
      const server = serverOf(settings, context);
      const language: LanguageModel = {
        identity: { server: server.url, ...requestBody(settings, { text: '', asks: 'score', repeat: 0 }) },
        context:
          context_tokens === undefined ? undefined : { tokens: context_tokens, setting: 'context_tokens' },
        ask(question, signal) {
          const body = requestBody(settings, question);
          const ask = () => complete(server, body, settings.reply_timeout, signal);
          return patiently(server, ask, signal, context.warn, retryPolicy);
        },
      };
      return await languageModelJudge(language, settings.judge, settings.rationales, context);
    },
  };
}

function requestBody({ judge }: Settings, { text, asks, repeat }: Question): JsonObject & { model: string } {
  const { model, options = {}, format, max_tokens = MOST_TOKENS } = judge;
  // Reasoning models of OpenAI take their bound under this name alone.
  const bounded = 'max_completion_tokens' in options ? {} : { max_tokens };
  return {
    model,
    messages: [{ role: 'user', content: text }],
    ...bounded,
    ...withSeed(options, repeat),
    ...(asks === 'score' && format !== undefined && { response_format: responseFormat(format) }),
  };
}

function responseFormat(format: NonNullable<Settings['judge']['format']>): JsonObject {
  const schema = replySchema(format);
  if (schema === 'json') return { type: 'json_object' };
  return { type: 'json_schema', json_schema: { name: 'score', strict: true, schema } };
}

function serverOf({ url = OPENAI, api_key }: Settings, world: World): ModelServer {
  const address = url.includes('://') ? url : `http://${url}`;
  const problem = urlProblem(address);
  if (problem !== undefined) {
    throw new StageError(`The address of the judge is wrong: ${problem}.`, {
      hint: `Set \`url\` to something like ${OPENAI}`,
    });
  }
  return {
    name: 'The server',
    url: new URL(address).href.replace(/\/+$/, ''),
    ...keyOf(api_key, 'OPENAI_API_KEY', world),
    checkHint: 'Check `url`.',
    startHint: 'Start it, or check `url`.',
  };
}
