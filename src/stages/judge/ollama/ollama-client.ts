import { type JsonObject, parseObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { outsideText } from '../../../network/outside-text.ts';
import { linesOfBody, textOf } from '../../network/bounded-body.ts';
import { TransientError } from '../../network/retry.ts';
import { type ModelReply, UnfinishedReply } from '../language-model/language-model.ts';
import {
  asTransient,
  inTime,
  listedModels,
  type ModelServer,
  refusalOf,
  request,
} from '../language-model/model-server.ts';
import { notOllama } from './what-answers.ts';

/** A list of names needs no model: a server that is well sends it in far less. */
const TAGS_TIMEOUT_MS = 10_000;

/** A thousand models are 400 KB. */
const TAGS_BYTES = 16e6;
/** A line is a token and some 100 bytes around it; a server that does not stream sends the whole reply in one. */
const CHAT_BYTES = { body: 64e6, line: 1e6 };

export interface ChatRequest extends JsonObject {
  readonly model: string;
  readonly messages: readonly { readonly role: 'user'; readonly content: string }[];
  readonly options: JsonObject;
}

/** A piece is a token, and longer only from a server that does not stream, or means harm. */
const LONGEST_TOKEN = 32;
/** So many characters tell whether a reply begins with thoughts. */
const BEGINNING = 64;
const THOUGHTS_END = '</think';

/** How long one reply may be. */
export interface ReplyBounds {
  readonly seconds: number;
  /** Tokens of the answer; those of thoughts before it count for `thoughts`. */
  readonly tokens: number;
  readonly thoughts: number;
}

/**
 * Digest of a model as GET /api/tags reports it; a name without a tag means `:latest`. Throws TransientError
 * where Ollama does not answer within `timeoutMs`, StageError that says how to get the model where that is
 * missing, and the reason of `signal` when that is aborted.
 */
export async function modelDigest(
  server: ModelServer,
  model: string,
  signal: AbortSignal,
  timeoutMs = TAGS_TIMEOUT_MS,
): Promise<string> {
  return await inTime(server, timeoutMs, signal, (signal) => listedDigest(server, model, signal));
}

async function listedDigest(server: ModelServer, model: string, signal: AbortSignal): Promise<string> {
  const response = await request(server, '/api/tags', undefined, signal);
  if (!response.ok) {
    await refusalOf(response, server, model);
    throw await notOllama(server, signal);
  }
  const body = parseObject(await textOf(response, TAGS_BYTES));
  if (!Array.isArray(body?.models)) throw await notOllama(server, signal);
  const models = body.models as ({ name?: unknown; digest?: unknown } | null)[];
  const found = models.find((entry) => entry?.name === model || entry?.name === `${model}:latest`);
  if (!found)
    throw modelMissing(
      server,
      model,
      models.flatMap((entry) => textsOf(entry?.name)),
    );
  if (typeof found.digest !== 'string' || !/^(sha256:)?[0-9a-f]+$/i.test(found.digest)) {
    throw new StageError(`Ollama at ${server.url} gives no digest of the model ${model}.`, {
      hint: 'Without it nobody can tell which model judges. Check `url` and OLLAMA_HOST, and update Ollama.',
    });
  }
  return found.digest;
}

/**
 * One question to POST /api/chat, streamed, so that a reply can be ended when it is long enough. Throws TransientError
 * for what may be gone at the next try (no connection, 5xx, an error in the middle of the stream, no word within the
 * bound), UnfinishedReply for a reply that did not end within it, StageError for what a user can fix, and the reason of
 * `signal` when that is aborted.
 */
export async function chat(
  server: ModelServer,
  question: ChatRequest,
  bounds: ReplyBounds,
  signal: AbortSignal,
): Promise<ModelReply> {
  const done = new AbortController();
  const limit = setTimeout(() => done.abort('late'), bounds.seconds * 1000);
  const stream = new ReplyStream(bounds);
  try {
    const either = AbortSignal.any([signal, done.signal]);
    const response = await request(server, '/api/chat', { ...question, stream: true }, either);
    if (!response.ok) throw await chatRefused(response, server, question.model, signal);
    return await stream.read(response);
  } catch (error) {
    signal.throwIfAborted();
    if (!done.signal.aborted) throw asTransient(error, server);
    if (stream.content !== '') throw new UnfinishedReply(stream.content, bounds.seconds);
    throw new TransientError(`Ollama said nothing for ${bounds.seconds} s`);
  } finally {
    clearTimeout(limit);
    done.abort(); // Ollama ends a reply that nobody reads any more
  }
}

/** A reply as it comes: an NDJSON stream whose last line has `done: true`. */
class ReplyStream {
  content = '';
  readonly #bounds: ReplyBounds;
  #tokens = 0;
  #thoughts = 0;
  #part: 'beginning' | 'thoughts' | 'answer' = 'beginning';

  constructor(bounds: ReplyBounds) {
    this.#bounds = bounds;
  }

  async read(response: Response): Promise<ModelReply> {
    for await (const line of linesOfBody(response, CHAT_BYTES)) {
      if (line.trim() === '') continue;
      const reply = parseObject(line);
      if (reply === undefined) throw new TransientError('Ollama sent a line that is not a JSON object');
      if (reply.error !== undefined) {
        throw new TransientError(`Ollama broke off its reply: ${outsideText(String(reply.error))}`);
      }
      if (reply.message !== undefined) this.#take(Object(reply.message));
      if (reply.done === true) return this.#ended(reply.done_reason === 'length', reply);
      if (this.#tokens > this.#bounds.tokens || this.#thoughts > this.#bounds.thoughts)
        return this.#ended(true, {});
    }
    throw new TransientError('Ollama ended its reply in the middle');
  }

  #take({ content, thinking }: { content?: unknown; thinking?: unknown }): void {
    const said = typeof content === 'string' ? content : '';
    const thought = typeof thinking === 'string' ? thinking : '';
    this.content += said;
    // Older versions and models write their thoughts into the content.
    if (this.#part === 'beginning' && /^\s*<think(ing)?>/.test(this.content)) this.#part = 'thoughts';
    else if (this.content.length > BEGINNING && this.#part === 'beginning') this.#part = 'answer';
    const last = this.content.slice(-said.length - THOUGHTS_END.length);
    if (this.#part === 'thoughts' && last.includes(THOUGHTS_END)) this.#part = 'answer';
    if (thought !== '') this.#thoughts += tokensIn(thought);
    else if (this.#part === 'thoughts') this.#thoughts += tokensIn(said);
    else this.#tokens += tokensIn(said);
  }

  #ended(cut: boolean, { prompt_eval_count, eval_count }: JsonObject): ModelReply {
    return {
      content: this.content,
      end: cut ? 'length' : 'stop',
      ...(typeof prompt_eval_count === 'number' && { prompt_tokens: prompt_eval_count }),
      ...(typeof eval_count === 'number' && { reply_tokens: eval_count }),
    };
  }
}

async function chatRefused(
  response: Response,
  server: ModelServer,
  model: string,
  signal: AbortSignal,
): Promise<Error> {
  const { status, words } = await refusalOf(response, server, model);
  if (status === 404)
    return words === undefined ? await notOllama(server, signal) : modelMissing(server, model, []);
  return new StageError(
    `Ollama at ${server.url} answered ${status}${words === undefined ? '' : `: ${words}`}.`,
    {
      hint: 'Check `options`, `think` and `format` of the judge: not every model and version takes each of them.',
    },
  );
}

function modelMissing({ url }: ModelServer, model: string, names: readonly string[]): StageError {
  const has = names.length === 0 ? '' : ` It has ${listedModels(names)}.`;
  return new StageError(`Ollama at ${url} does not have the model ${model}.${has}`, {
    hint: `Get it: ollama pull ${model}`,
  });
}

function textsOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}

function tokensIn(text: string): number {
  return Math.max(1, Math.ceil(text.length / LONGEST_TOKEN));
}
