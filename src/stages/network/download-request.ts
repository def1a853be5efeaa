import { STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import { StageError } from '../../contract/stage-context.ts';
import { explainNetworkError, shownUrl, urlProblem } from '../../network/network-error.ts';
import { proxyDispatcher, proxyIsSet } from '../../network/proxy.ts';
import { streamedRequest } from '../../network/streamed-request.ts';
import { TransientError } from './retry.ts';

/** curl -L follows 50 redirects, browsers 20. Ten hops are a loop. */
const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What a server answers to a request for a file. */
export interface Answer {
  readonly status: number;
  /** `404 Not Found`, in the words of the standard: a server's own can hold anything. */
  readonly statusText: string;
  header(name: string): string | undefined;
  /** The body as it is sent: nothing unpacks it. Throws TransientError or StageError where the connection breaks. */
  body(): AsyncIterable<Uint8Array>;
  /** Lets the connection go. */
  discard(): void;
}

/**
 * GET through the proxy of the environment, redirects followed: at most ten, to http and https only, never from https
 * to http, and none that carries credentials. `authorization` is sent to the origin of `url` alone: whoever a redirect leads to
 * does not see it. Throws TransientError for what may be gone at the next try, StageError
 * for what a user can fix, and the reason of `signal` when that is aborted.
 */
export async function requestFile(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  authorization?: string,
): Promise<Answer> {
  const dispatcher = await proxyDispatcher();
  let address = url;
  let trusted = authorization !== undefined;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    // Whoever has been led away once is not trusted to be led back.
    trusted &&= new URL(address).origin === new URL(url).origin;
    const sent = trusted && authorization !== undefined ? { ...headers, authorization } : headers;
    const answer = await request(address, sent, signal, dispatcher);
    if (!REDIRECTS.has(answer.status)) return answer;
    answer.discard();
    address = redirected(address, answer);
  }
  throw new StageError(`${shownUrl(url)} redirects more than ${MOST_REDIRECTS} times.`, {
    hint: 'Check the URL in a browser.',
  });
}

async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  dispatcher: Awaited<ReturnType<typeof proxyDispatcher>>,
): Promise<Answer> {
  try {
    const answer = await streamedRequest(url, {
      method: 'GET',
      headers,
      signal,
      ...(dispatcher && { dispatcher }),
    });
    return {
      status: answer.statusCode,
      statusText: `${answer.statusCode} ${STATUS_CODES[answer.statusCode] ?? ''}`.trimEnd(),
      header: (name) => [answer.headers[name] ?? []].flat()[0],
      body: () => chunksOf(answer.body, url, signal),
      discard: () => void answer.body.on('error', () => {}).destroy(),
    };
  } catch (error) {
    throw networkFailure(error, url, signal);
  }
}

async function* chunksOf(body: Readable, url: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await chunks.next().catch((error: unknown) => {
        throw networkFailure(error, url, signal);
      });
      if (done) return;
      yield value;
    }
  } finally {
    body.on('error', () => {}).destroy();
  }
}

/** Where a redirect leads. Throws StageError where it must not be followed. */
function redirected(from: string, answer: Answer): string {
  const location = answer.header('location') ?? '';
  const refusal = (why: string) =>
    new StageError(`${shownUrl(from)} redirects to an address that is not followed: ${why}.`, {
      hint: 'Check the URL in a browser, and give the address of the file itself.',
    });
  if (location === '' || !URL.canParse(location, from)) throw refusal('it is not a URL');
  const to = new URL(location, from);
  const problem = urlProblem(to.href);
  if (problem !== undefined) throw refusal(problem);
  if (from.startsWith('https:') && to.protocol === 'http:')
    throw refusal(`${shownUrl(to.href)} is not encrypted`);
  return to.href;
}

/** Turns what went wrong on the network into an error to show, or into one to repeat after. */
function networkFailure(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const { host } = new URL(url);
  const failure = explainNetworkError(error, proxyIsSet() ? `${host} (a proxy is set)` : host);
  if (!failure.lasting) return new TransientError(failure.message, { cause: error });
  const hint = failure.hint === undefined ? {} : { hint: failure.hint };
  return new StageError(`Cannot download ${shownUrl(url)}: ${failure.message}.`, { ...hint, cause: error });
}
