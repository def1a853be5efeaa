import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { linesOfBody, textOf } from '../network/bounded-body.ts';
import { explainNetworkError, shownUrl } from '../network/network-error.ts';
import { outsideText } from '../network/outside-text.ts';
import { type RetryPolicy, retry, retryAfterMs, TransientError } from '../network/retry.ts';

/** A list of names needs no model: a server that is well sends it in far less. */
const TAGS_TIMEOUT_MS = 10_000;

/** A thousand models are 400 KB. */
const TAGS_BYTES = 16e6;
/** An error is a sentence. */
const ERROR_BYTES = 64e3;
/** A line is a token and some 100 bytes around it; a server that does not stream sends the whole reply in one. */
const CHAT_BYTES = { body: 64e6, line: 1e6 };

/** Half a minute: as long as Ollama takes to start again. */
const RETRY: RetryPolicy = { retries: 5, delayMs: 1000 };

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: 'user'; readonly content: string }[];
  readonly options: Readonly<Record<string, number | string | boolean>>;
}

export interface ChatReply {
  readonly content: string;
  /** `stop`, or `length` where the reply was cut at num_predict or the end of the context. */
  readonly doneReason: string | undefined;
}

/**
 * Digest of a model as GET /api/tags reports it; a name without a tag means `:latest`. Throws TransientError
 * where Ollama does not answer within `timeoutMs`, StageError that says how to get the model where that is
 * missing, and the reason of `signal` when that is aborted.
 */
export async function modelDigest(
  url: string,
  model: string,
  signal: AbortSignal,
  timeoutMs = TAGS_TIMEOUT_MS,
): Promise<string> {
  const silence = AbortSignal.timeout(timeoutMs);
  try {
    return await listedDigest(url, model, AbortSignal.any([signal, silence]));
  } catch (error) {
    signal.throwIfAborted();
    if (!silence.aborted) throw error;
    throw new TransientError(`nothing came from ${new URL(url).host} within ${timeoutMs / 1000} s`);
  }
}

async function listedDigest(url: string, model: string, signal: AbortSignal): Promise<string> {
  const response = await request(`${url}/api/tags`, { signal });
  if (response.status >= 500) throw await refusal(response, url, model);
  const body = parse(await textOf(response, response.ok ? TAGS_BYTES : ERROR_BYTES));
  if (!response.ok || !Array.isArray(body?.models)) throw notOllama(url);
  const models = body.models as ({ name?: unknown; digest?: unknown } | null)[];
  const found = models.find((entry) => entry?.name === model || entry?.name === `${model}:latest`);
  if (!found) throw modelMissing(url, model);
  if (typeof found.digest !== 'string' || !/^(sha256:)?[0-9a-f]+$/i.test(found.digest)) {
    throw new StageError(`Ollama at ${url} gives no digest of the model ${model}.`, {
      hint: 'Without it nobody can tell which model judges. Check `url` and OLLAMA_HOST, and update Ollama.',
    });
  }
  return found.digest;
}

/**
 * One question to POST /api/chat, streamed, so that a slow model shows that it lives. Throws TransientError
 * for what may be gone at the next try (no connection, 5xx, an error in the middle of the stream, silence of
 * `timeoutMs`), StageError for what a user can fix, and the reason of `signal` when that is aborted.
 */
export async function chat(
  url: string,
  question: ChatRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ChatReply> {
  const silence = new AbortController();
  const watch = setTimeout(
    () => silence.abort(new TransientError(`Ollama said nothing for ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    const response = await request(`${url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...question, stream: true }),
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) throw await refusal(response, url, question.model);
    return await readStream(response, () => watch.refresh());
  } catch (error) {
    signal.throwIfAborted();
    silence.signal.throwIfAborted();
    if (error instanceof StageError || error instanceof TransientError) throw error;
    throw new TransientError(explainNetworkError(error, new URL(url).host).message, { cause: error });
  } finally {
    clearTimeout(watch);
  }
}

/** Prompts go to the address that the user gave and nowhere else: redirects are errors. */
async function request(url: string, options: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, { ...options, redirect: 'manual' });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw redirectRefused(url, response.headers.get('location') ?? '');
    }
    return response;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof StageError) throw error;
    const failure = explainNetworkError(error, new URL(url).host);
    throw new TransientError(failure.message, { cause: error });
  }
}

function redirectRefused(url: string, location: string): StageError {
  const to = URL.canParse(location, url)
    ? outsideText(new URL(location, url).origin)
    : 'an address that is no URL';
  return new StageError(`${shownUrl(url)} redirects to ${to}. Questions to a judge are not redirected.`, {
    hint: 'If Ollama is there, set `url` or OLLAMA_HOST to that address.',
  });
}

/** Joins the contents of an NDJSON stream; its last line has `done: true`. */
async function readStream(response: Response, onLine: () => void): Promise<ChatReply> {
  let content = '';
  for await (const line of linesOfBody(response, CHAT_BYTES)) {
    onLine();
    if (line.trim() === '') continue;
    const reply = parse(line);
    if (reply === undefined) throw new TransientError('Ollama sent a line that is not a JSON object');
    if (reply.error !== undefined) {
      throw new TransientError(`Ollama broke off its reply: ${outsideText(String(reply.error))}`);
    }
    const piece = Object(reply.message).content;
    if (typeof piece === 'string') content += piece;
    if (reply.done === true) {
      return { content, doneReason: typeof reply.done_reason === 'string' ? reply.done_reason : undefined };
    }
  }
  throw new TransientError('Ollama ended its reply in the middle');
}

/** A JSON object, or undefined where a text is none. */
function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The error for a status other than 200. */
async function refusal(response: Response, url: string, model: string): Promise<Error> {
  const body = parse(await textOf(response, ERROR_BYTES).catch(() => ''));
  const words = typeof body?.error === 'string' ? `: ${outsideText(body.error)}` : '';
  if (response.status >= 500 || response.status === 429 || response.status === 408) {
    return new TransientError(`Ollama answered ${response.status}${words}`, {
      pauseMs: retryAfterMs(response.headers.get('retry-after')),
    });
  }
  if (response.status === 404) return words === '' ? notOllama(url) : modelMissing(url, model);
  return new StageError(`Ollama at ${url} answered ${response.status}${words}.`);
}

function modelMissing(url: string, model: string): StageError {
  return new StageError(`Ollama at ${url} does not have the model ${model}.`, {
    hint: `Get it: ollama pull ${model}`,
  });
}

function notOllama(url: string): StageError {
  return new StageError(`What answers at ${url} is not Ollama.`, { hint: 'Check `url` and OLLAMA_HOST.' });
}

/** What is left to say when Ollama stays away: turns a TransientError into a StageError, keeps any other error. */
export function unreachable(url: string, error: unknown): unknown {
  if (!(error instanceof TransientError)) return error;
  return new StageError(`Ollama does not answer at ${url}: ${error.message}.`, {
    hint: 'Start it (ollama serve), or check `url` and OLLAMA_HOST.',
    cause: error,
  });
}

/** Asks Ollama again and again while it fails for a moment, and tells of it. Throws StageError when it stays away. */
export async function patiently<Result>(
  url: string,
  ask: () => Promise<Result>,
  signal: AbortSignal,
  warn: StageContext<unknown>['warn'],
  policy: RetryPolicy = RETRY,
): Promise<Result> {
  try {
    return await retry(ask, policy, signal, (error, pauseMs) =>
      warn(`${error.message}; asking again in ${pauseMs / 1000} s`),
    );
  } catch (error) {
    throw unreachable(url, error);
  }
}
