import { isObject, type JsonObject, parseObject } from '../../../contract/json.ts';
import { type StageContext, StageError } from '../../../contract/stage-context.ts';
import type { Problem } from '../../../contract/stage-type.ts';
import type { World } from '../../../contract/world.ts';
import { explainNetworkError, shownUrl } from '../../../network/network-error.ts';
import { outsideText } from '../../../network/outside-text.ts';
import { textOf } from '../../network/bounded-body.ts';
import { type RetryPolicy, retry, retryAfterMs, TransientError } from '../../network/retry.ts';

/** A server that runs language models, and how errors speak of it. */
export interface ModelServer {
  readonly name: string;
  /** Without a slash at its end. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly key?: string | undefined;
  /** The variable that holds the key, or would. */
  readonly keyVariable: string;
  /** What to do if another program answers, or none. */
  readonly checkHint: string;
  readonly startHint: string;
}

/** Half a minute: as long as Ollama takes to start again. */
const RETRY: RetryPolicy = { retries: 5, delayMs: 1000 };
/** An error is a sentence. */
const ERROR_BYTES = 64e3;
const NAMES_SHOWN = 10;
const OUT_OF_MEMORY =
  /more system memory|out of memory|not enough memory|insufficient memory|cudaMalloc failed/i;

/** The server answers, and says that it cannot do its work now. */
export class ServerTrouble extends TransientError {
  readonly hint: string;
  constructor(message: string, hint: string, pauseMs?: number) {
    super(message, { pauseMs });
    this.hint = hint;
  }
}

/** The value of the secret that `api_key` names. Throws StageError if the stage does not declare it. */
export function namedSecret(apiKey: string, world: World): string {
  const value = world.secret(apiKey);
  if (value !== undefined) return value;
  throw new StageError(`The variable ${apiKey}, which \`api_key\` names, is not a secret of this stage.`, {
    hint: `Add it to the stage, next to \`uses\`: secrets: [${apiKey}], and set it: export ${apiKey}=…`,
  });
}

/** The key for a server: `api_key` names its variable, else it is the usual one, if the stage declares that. */
export function keyOf(
  apiKey: string | undefined,
  usual: string,
  world: World,
): Pick<ModelServer, 'key' | 'keyVariable'> {
  const keyVariable = apiKey ?? usual;
  const key = apiKey === undefined ? world.secret(usual) : namedSecret(apiKey, world);
  // The error of a header that cannot be sent would quote it.
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new StageError(
      `The variable ${keyVariable} holds more than a key: blanks, line breaks or other letters.`,
    );
  }
  return { key, keyVariable };
}

/**
 * Sends a request. Questions and keys go to the address that the user gave and nowhere else: redirects are errors. Throws
 * TransientError for what may be gone at the next try, StageError, and the signal's reason.
 */
export async function request(
  server: ModelServer,
  path: string,
  body: JsonObject | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const url = `${server.url}${path}`;
  const headers = {
    ...(server.key !== undefined && { authorization: `Bearer ${server.key}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const content = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  try {
    const response = await fetch(url, { ...content, headers, signal, redirect: 'manual' });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw redirectRefused(server, url, response.headers.get('location') ?? '');
    }
    return response;
  } catch (error) {
    signal.throwIfAborted();
    throw asTransient(error, server);
  }
}

/** What a broken connection means; other errors stay. */
export function asTransient(error: unknown, { url }: ModelServer): unknown {
  if (error instanceof StageError || error instanceof TransientError) return error;
  return new TransientError(explainNetworkError(error, new URL(url).host).message, { cause: error });
}

/**
 * Asks for what a server that is well sends in far less time. Throws what `ask` throws, TransientError if nothing comes within
 * `timeoutMs`, and the reason of `signal` when that is aborted.
 */
export async function inTime<Result>(
  { url }: ModelServer,
  timeoutMs: number,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const silence = AbortSignal.timeout(timeoutMs);
  try {
    return await ask(AbortSignal.any([signal, silence]));
  } catch (error) {
    signal.throwIfAborted();
    if (!silence.aborted) throw error;
    throw new TransientError(`nothing came from ${new URL(url).host} within ${timeoutMs / 1000} s`);
  }
}

/** The first of the models that a server lists, by its word. */
export function listedModels(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => outsideText(name, 80));
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return shown.join(', ') + more;
}

function redirectRefused(server: ModelServer, url: string, location: string): StageError {
  const to = URL.canParse(location, url)
    ? outsideText(new URL(location, url).origin)
    : 'an address that is no URL';
  return new StageError(`${shownUrl(url)} redirects to ${to}. Questions to a judge are not redirected.`, {
    hint: `If the server is there, use that address. ${server.checkHint}`,
  });
}

/** The words of a server that refuses, if it has any. */
export interface Refusal {
  readonly status: number;
  readonly words: string | undefined;
}

/**
 * Reads an answer with a status other than 2xx. Throws the error of those that mean the same for every server: a login is
 * wanted, there is no memory, it is busy. Gives the words of any other.
 */
export async function refusalOf(response: Response, server: ModelServer, model: string): Promise<Refusal> {
  const { status, headers } = response;
  const words = wordsOf(parseObject(await textOf(response, ERROR_BYTES).catch(() => '')));
  const said = words === undefined ? '' : `: ${words}`;
  if (status === 401 || status === 403) throw loginWanted(server, status);
  if (words !== undefined && status >= 500 && OUT_OF_MEMORY.test(words)) {
    throw new StageError(`${server.name} at ${server.url} cannot run the model ${model}: ${words}.`, {
      hint: 'Take a smaller model or a smaller context (`num_ctx`), or free some memory.',
    });
  }
  if (status >= 500 || status === 429 || status === 408) {
    const page = words === undefined && (headers.get('content-type') ?? '').includes('text/html');
    throw new ServerTrouble(
      page ? `a proxy answered ${status} with a web page` : `${server.name} answered ${status}${said}`,
      page
        ? `Is ${server.name} running behind that proxy? ${server.checkHint}`
        : `Look into the log of ${server.name}.`,
      retryAfterMs(headers.get('retry-after')),
    );
  }
  return { status, words };
}

/** {error: "…"}, {error: {message: "…"}}, {message: "…"} or {detail: "…"}: servers differ. */
function wordsOf(body: JsonObject | undefined): string | undefined {
  const error = body?.error ?? body?.message ?? body?.detail;
  const words = isObject(error) ? error.message : error;
  return typeof words === 'string' && words.trim() !== '' ? outsideText(words) : undefined;
}

function loginWanted({ name, url, key, keyVariable }: ModelServer, status: number): StageError {
  const hint =
    key === undefined
      ? `Put its key into a variable and add it to the stage, next to \`uses\`: secrets: [${keyVariable}]. It is sent as ` +
        '`Authorization: Bearer`, and never stored or shown. Another variable is named by `api_key`.'
      : `The key that was sent is in ${keyVariable}. Is it still valid, and for this server?`;
  const taken = key === undefined ? 'wants a login' : 'does not take the key';
  return new StageError(`${name} at ${url}, or a proxy before it, ${taken} (${status}).`, { hint });
}

/** What is left to say when a server stays away: turns a TransientError into a StageError, keeps any other error. */
function unreachable({ name, url, startHint }: ModelServer, error: unknown): unknown {
  if (error instanceof ServerTrouble) {
    return new StageError(`${name} at ${url} does not do its work: ${error.message}.`, {
      hint: error.hint,
      cause: error,
    });
  }
  if (!(error instanceof TransientError)) return error;
  return new StageError(`${name} does not answer at ${url}: ${error.message}.`, {
    hint: startHint,
    cause: error,
  });
}

/** Does something with a server once: a planner does not wait for it. Throws StageError when it does not answer. */
export async function reached<Result>(server: ModelServer, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    throw unreachable(server, error);
  }
}

/** Asks a server again and again while it fails for a moment, and tells of it. Throws StageError when it stays away. */
export async function patiently<Result>(
  server: ModelServer,
  ask: () => Promise<Result>,
  signal: AbortSignal,
  warn: StageContext<unknown>['warn'],
  policy: RetryPolicy = RETRY,
): Promise<Result> {
  return await reached(server, () =>
    retry(ask, policy, signal, (error, pauseMs) =>
      warn(`${error.message}; asking again in ${pauseMs / 1000} s`),
    ),
  );
}

/** Problems of a preflight check: what it throws. */
export async function problemsOf(check: () => Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await check();
    return [];
  } catch (error) {
    const { message, hint } = error instanceof Error ? (error as StageError) : new StageError(String(error));
    return [{ message, ...(hint !== undefined && { hint }) }];
  }
}
