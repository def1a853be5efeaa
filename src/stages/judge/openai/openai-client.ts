import { isObject, type Json, type JsonObject, parseObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { outsideText } from '../../../network/outside-text.ts';
import { textOf } from '../../network/bounded-body.ts';
import { type ModelReply, QuestionTooLong, UnfinishedReply } from '../language-model/language-model.ts';
import {
  asTransient,
  inTime,
  listedModels,
  type ModelServer,
  type Refusal,
  refusalOf,
  request,
  ServerTrouble,
} from '../language-model/model-server.ts';

const MODELS_TIMEOUT_MS = 10_000;
/** Thousands of models, or a reply of a million words. */
const MOST_BYTES = 16e6;
/** How OpenAI, vLLM, llama.cpp and others say it. */
const TOO_LONG = /context.{0,20}(length|size|window)|maximum context|exceed.{0,30}context|too many tokens/i;

/**
 * Requires that the server has the model, if it lists its models at all. Throws TransientError where it does not answer,
 * StageError, and the signal's reason.
 */
export async function requireModel(server: ModelServer, model: string, signal: AbortSignal): Promise<void> {
  await inTime(server, MODELS_TIMEOUT_MS, signal, async (signal) => {
    const response = await request(server, '/models', undefined, signal);
    if (!response.ok) {
      await refusalOf(response, server, model);
      return; // some servers have no such list
    }
    const body = parseObject(await textOf(response, MOST_BYTES));
    if (!Array.isArray(body?.data)) throw notOpenAi(server);
    const names = body.data.flatMap((entry: Json) =>
      isObject(entry) && typeof entry.id === 'string' ? [entry.id] : [],
    );
    // Ollama lists a name without a tag as `:latest`.
    if (!names.includes(model) && !names.includes(`${model}:latest`))
      throw modelMissing(server, model, names);
  });
}

/**
 * One question to POST /chat/completions. Throws TransientError for what may be gone at the next try, UnfinishedReply
 * after `seconds`, QuestionTooLong, StageError for what a user can fix, and the reason of `signal` when that is aborted.
 */
export async function complete(
  server: ModelServer,
  body: JsonObject & { readonly model: string },
  seconds: number,
  signal: AbortSignal,
): Promise<ModelReply> {
  const late = AbortSignal.timeout(seconds * 1000);
  try {
    const response = await request(server, '/chat/completions', body, AbortSignal.any([signal, late]));
    if (!response.ok) throw refused(await refusalOf(response, server, body.model), server, body.model);
    return replyOf(await textOf(response, MOST_BYTES), server);
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) throw new UnfinishedReply('', seconds);
    throw error instanceof QuestionTooLong ? error : asTransient(error, server);
  }
}

function replyOf(text: string, server: ModelServer): ModelReply {
  const body = parseObject(text);
  if (body === undefined) throw notOpenAi(server);
  const { error, usage } = body;
  if (error !== undefined && error !== null) {
    const words = outsideText(String(isObject(error) ? error.message : error));
    throw new ServerTrouble(`it answered with an error: ${words}`, `Look into the log of ${server.name}.`);
  }
  const choice = Array.isArray(body.choices) ? (body.choices[0] as Json) : undefined;
  if (!isObject(choice ?? null)) throw notOpenAi(server);
  const { message, finish_reason } = choice as JsonObject;
  const content = Object(message).content;
  const { prompt_tokens, completion_tokens } = Object(usage) as JsonObject;
  return {
    content: typeof content === 'string' ? content : '',
    end: finish_reason === 'length' ? 'length' : 'stop',
    ...(typeof prompt_tokens === 'number' && { prompt_tokens }),
    ...(typeof completion_tokens === 'number' && { reply_tokens: completion_tokens }),
  };
}

function refused({ status, words }: Refusal, server: ModelServer, model: string): Error {
  const said = words === undefined ? '' : `: ${words}`;
  if (words !== undefined && TOO_LONG.test(words)) return new QuestionTooLong(words);
  if (status === 404 && words === undefined) return notOpenAi(server);
  return new StageError(`${server.name} at ${server.url} answered ${status}${said}.`, {
    hint:
      status === 404
        ? `Has it the model ${model}? ${server.checkHint}`
        : 'Check `options` and `format` of the judge: not every server takes each of them.',
  });
}

function notOpenAi({ url, checkHint }: ModelServer): StageError {
  const end = url.endsWith('/v1') ? '' : 'Such an address usually ends in /v1. ';
  return new StageError(`What answers at ${url} does not speak the API of OpenAI.`, {
    hint: `${end}${checkHint}`,
  });
}

function modelMissing({ url }: ModelServer, model: string, names: readonly string[]): StageError {
  return new StageError(`The server at ${url} does not have the model ${model}.`, {
    hint: names.length === 0 ? 'It lists none.' : `It has ${listedModels(names)}.`,
  });
}
