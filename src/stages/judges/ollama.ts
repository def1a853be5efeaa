import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { linesOf } from '../../text/lines.ts';
import { explainNetworkError, urlProblem } from '../network-error.ts';
import { type RetryPolicy, retry, retryAfterMs, TransientError } from '../retry.ts';

const DEFAULT_PORT = '11434';

/** A list of names needs no model: a server that is well sends it in far less. */
const TAGS_TIMEOUT_MS = 10_000;

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
 * Address of the server, without a slash at its end: the setting, else OLLAMA_HOST in the forms that Ollama
 * itself takes (host, host:port, :port, with or without scheme), else 127.0.0.1. Throws StageError.
 */
export function ollamaUrl(
  setting: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const given = setting ?? environment.OLLAMA_HOST?.trim() ?? '';
  const address = given.includes('://') ? given : `http://${withPort(given)}`;
  const problem = urlProblem(address);
  if (problem !== undefined) {
    throw new StageError(`The address of Ollama is wrong: ${problem}.`, {
      hint: `Set ${setting === undefined ? 'OLLAMA_HOST' : '`url`'} to something like http://127.0.0.1:${DEFAULT_PORT}`,
    });
  }
  const url = new URL(address);
  // What a server listens on when it listens everywhere is no address to call.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  return url.href.replace(/\/+$/, '');
}

function withPort(host: string): string {
  const named = host === '' || host.startsWith(':') ? `127.0.0.1${host}` : host;
  return /:\d+(\/|$)/.test(named) ? named : `${named}:${DEFAULT_PORT}`;
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
  const body = (await response.json().catch(() => signal.throwIfAborted())) as
    | { models?: unknown }
    | undefined;
  if (!response.ok || !Array.isArray(body?.models)) throw notOllama(url);
  const models = body.models as { name?: string; digest?: string }[];
  const found = models.find(({ name }) => name === model || name === `${model}:latest`);
  if (found === undefined) throw modelMissing(url, model);
  return String(found.digest);
}

/**
 * One question to POST /api/chat, streamed, so that a slow model shows that it lives. Throws TransientError
 * for what may be gone at the next try (no connection, 5xx, an error in the middle of the stream, silence of
 * `timeoutMs`), StageError for what a user can mend, and the reason of `signal` when that is aborted.
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

async function request(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = explainNetworkError(error, new URL(url).host);
    throw new TransientError(failure.message, { cause: error });
  }
}

/** Joins the contents of an NDJSON stream; its last line has `done: true`. */
async function readStream(response: Response, onLine: () => void): Promise<ChatReply> {
  let content = '';
  for await (const line of linesOf(response.body ?? new Blob([]).stream())) {
    onLine();
    if (line.trim() === '') continue;
    const message = parseLine(line);
    if (message.error !== undefined) throw new TransientError(`Ollama broke off its reply: ${message.error}`);
    content += message.message?.content ?? '';
    if (message.done === true) return { content, doneReason: message.done_reason };
  }
  throw new TransientError('Ollama ended its reply in the middle');
}

interface ChatLine {
  readonly error?: string;
  readonly message?: { readonly content?: string };
  readonly done?: boolean;
  readonly done_reason?: string;
}

function parseLine(line: string): ChatLine {
  try {
    return JSON.parse(line);
  } catch {
    throw new TransientError('Ollama sent a line that is not JSON');
  }
}

/** The error for a status other than 200. */
async function refusal(response: Response, url: string, model: string): Promise<Error> {
  const body = (await response.json().catch(() => undefined)) as { error?: unknown } | undefined;
  const words = typeof body?.error === 'string' ? `: ${body.error}` : '';
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
